"""PHP: that what forbids it to start processes is found, wherever it is written."""

from pathlib import Path

import pytest

from luaproc.doctor.settings import Settings
from tests.doctor.conftest import Make, check, write
from tests.parts import need

NAMES = ("php", "functions", "proc_open", "php.ini")


@pytest.fixture
def ini(place: Path) -> Path:
    """Settings of PHP in Debian's order: a directory for each way that it runs."""
    for way in ("cli", "fpm"):
        write(place / "php" / way / "php.ini", "memory_limit = 256M\n", 0o644)
        (place / "php" / way / "conf.d").mkdir()
    return place / "php"


def variables(ini: Path) -> dict[str, str]:
    """What makes php-cli use these."""
    need("php")
    return {"PATH": "/usr/bin:/bin", "PHPRC": str(ini / "cli"), "PHP_INI_SCAN_DIR": str(ini / "cli" / "conf.d")}


@pytest.mark.real
@pytest.mark.parametrize("name", NAMES)
def test_healthy(healthy: Path, wiki: Path, ini: Path, make: Make, name: str) -> None:
    """As PHP itself, through lua_ulimit.sh."""
    finding = check(name, make(healthy, wiki, environment=variables(ini), php=need("php")))
    assert finding.level == "ok", finding


def test_no_php(healthy: Path, make: Make) -> None:
    examined = make(healthy, php=None)
    assert check("php", examined).level == "warning"
    assert {check(name, examined).level for name in NAMES[1:]} == {"skipped"}


def test_php_that_does_not_run(healthy: Path, place: Path, make: Make) -> None:
    php = write(place / "php-of-nowhere", "#!/bin/sh\necho 'error while loading shared libraries' >&2\nexit 127\n")
    finding = check("php", make(healthy, php=str(php)))
    assert finding.level == "failed"
    assert "error while loading shared libraries" in finding.text


def test_php_that_says_something_else(healthy: Path, place: Path, make: Make) -> None:
    php = write(place / "php-of-a-kind", "#!/bin/sh\necho '{\"version\": 8}'\n")
    finding = check("php", make(healthy, php=str(php)))
    assert finding.level == "failed"
    assert '{"version": 8}' in finding.text


@pytest.mark.real
def test_proc_open_disabled(healthy: Path, ini: Path, make: Make) -> None:
    """By a file in the scanned directory, as hardening packages do it."""
    write(ini / "cli" / "conf.d" / "99-hard.ini", "disable_functions = exec,proc_open,proc_terminate\n", 0o644)
    examined = make(healthy, environment=variables(ini), php=need("php"))
    finding = check("functions", examined)
    assert finding.level == "failed"
    assert "PHP has no proc_open, proc_terminate" in finding.text
    assert "disable_functions" in finding.advice
    assert check("proc_open", examined).level == "failed"


@pytest.mark.real
def test_proc_open_disabled_for_the_web_only(healthy: Path, ini: Path, make: Make) -> None:
    """php-cli is fine, maintenance scripts work, and the wiki does not."""
    write(ini / "fpm" / "php.ini", "disable_functions = proc_open\n", 0o644)
    finding = check("functions", make(healthy, environment=variables(ini), php=need("php")))
    assert finding.level == "failed"
    assert f"{ini / 'fpm' / 'php.ini'} (fpm)" in finding.text


@pytest.mark.real
def test_proc_open_disabled_by_a_pool(healthy: Path, ini: Path, make: Make) -> None:
    """No php.ini says it: a hoster's pool does."""
    pool = write(
        ini / "fpm" / "pool.d" / "www.conf", "[www]\nphp_admin_value[disable_functions] = popen, proc_open\n", 0o644
    )
    finding = check("functions", make(healthy, environment=variables(ini), php=need("php")))
    assert finding.level == "failed"
    assert finding.text == f"{pool} disables proc_open"


@pytest.mark.real
def test_popen_disabled(healthy: Path, ini: Path, make: Make) -> None:
    """Only Special:Version asks for the version by it."""
    write(ini / "cli" / "conf.d" / "99-hard.ini", "disable_functions = popen\n", 0o644)
    finding = check("functions", make(healthy, environment=variables(ini), php=need("php")))
    assert finding.level == "warning"
    assert "Special:Version" in finding.advice


@pytest.mark.real
def test_open_basedir_without_the_error_file(healthy: Path, ini: Path, place: Path, make: Make) -> None:
    """PHP opens errorFile itself (by default /dev/null), and open_basedir holds for it."""
    write(ini / "cli" / "conf.d" / "99-hard.ini", "open_basedir = /var/www\n", 0o644)
    examined = make(healthy, environment=variables(ini), php=need("php"))
    finding = check("proc_open", examined)
    assert finding.level == "failed"
    assert "proc_open(/dev/null): Failed to open stream" in finding.text
    assert "open_basedir is /var/www" in finding.text
    assert "errorFile" in finding.advice
    write(ini / "cli" / "conf.d" / "99-hard.ini", "open_basedir = /var/www:/dev/null\n", 0o644)
    assert check("proc_open", examined).level == "ok"


@pytest.mark.real
def test_server_that_php_cannot_start(place: Path, ini: Path, make: Make) -> None:
    lua = write(place / "lua", "#!/bin/sh\nexit 126\n")
    finding = check("proc_open", make(lua, environment=variables(ini), php=need("php")))
    assert finding.level == "failed"
    assert "exited with status 126" in finding.text


@pytest.mark.real
def test_reply_that_php_cannot_read(place: Path, ini: Path, make: Make) -> None:
    lua = write(place / "lua", "#!/bin/sh\nprintf 0000000400000007a:b:\nexec sleep 1\n")
    finding = check("proc_open", make(lua, environment=variables(ini), php=need("php")))
    assert finding.level == "failed"
    assert "a reply that unserialize() refuses" in finding.text


@pytest.mark.real
def test_little_memory(healthy: Path, ini: Path, make: Make) -> None:
    write(ini / "cli" / "php.ini", "memory_limit = 32M\n", 0o644)
    finding = check("php.ini", make(healthy, environment=variables(ini), php=need("php")))
    assert finding.level == "warning"
    assert "memory_limit is 32M" in finding.text


def test_luasandbox_would_be_taken(healthy: Path, wiki: Path, place: Path, make: Make) -> None:
    """Scribunto's default engine takes PHP's extension where it is there, and luaPath is never looked at."""
    told = (
        '{"version":"8.2","bits":64,"ini":false,"missing":[],"open_basedir":"","memory_limit":"-1","luasandbox":true}'
    )
    php = str(write(place / "fake-php", f"#!/bin/sh\necho '{told}'\n"))
    finding = check("php.ini", make(healthy, wiki, php=php))
    assert finding.level == "warning"
    assert "PHP has luasandbox" in finding.text
    chosen = make(healthy, wiki, php=php, settings=Settings(engine="luastandalone"))
    assert check("php.ini", chosen).level == "ok"
