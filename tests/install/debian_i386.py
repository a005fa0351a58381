"""A Debian of 32-bit x86 in a directory: a machine for which lupa has wheels of the limited API (abi3) alone.

Its programs run on a kernel for x86-64 as they are. It is made of apt's packages, unpacked and not configured: 40 of
them, 60 MB, half a minute; apt's own state stays out of it.
"""

import os
import shlex
import shutil
import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.parts import SCRIBUNTO, missing, need

PACKAGES = ("python3-minimal", "libpython3-stdlib", "lua5.1", "dash")
PLATFORMS = ("manylinux_2_12_i686", "manylinux2014_i686", "manylinux_2_28_i686")
HOME = Path("/opt/luaproc")
"""Where luaproc and what it needs lie in it."""
INCLUDES = HOME / "includes"


def make(place: Path) -> Path:
    """The root directory of one, with luaproc, its lupa and Scribunto's own Lua in it; below an empty directory."""
    if os.geteuid() or os.uname().machine != "x86_64" or not shutil.which("apt-get") or not shutil.which("unshare"):
        missing("a 32-bit Debian, which only root on a Debian for x86-64 can make")
    need("mediawiki")
    root = place / "root"
    for name in ("bin", "lib", "sbin"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for name in ("proc", "dev", "tmp"):
        (root / name).mkdir()
    for package in _packages(place / "apt"):
        _run(f"dpkg-deb --fsys-tarfile {shlex.quote(str(package))} | tar -x --keep-directory-symlink -C {root}")
    (root / "bin" / "sh").unlink(missing_ok=True)
    (root / "bin" / "sh").symlink_to("dash")
    (root / "etc" / "passwd").write_text("root:x:0:0:root:/:/bin/sh\n")
    home = root / HOME.relative_to("/")
    _run(
        f"{sys.executable} -m pip install --quiet --no-deps --target {home} --implementation cp --abi abi3 "
        f"--python-version 3.11 --only-binary :all: {' '.join(f'--platform {name}' for name in PLATFORMS)} "
        f"lupa=={version('lupa')}"
    )
    for name in ("luaproc", "click", "phpserialize"):
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        source = Path(spec.origin)
        if source.name == "__init__.py":
            shutil.copytree(source.parent, home / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, home)
    shutil.copytree(SCRIBUNTO, root / INCLUDES.relative_to("/"))
    return root


def _packages(place: Path) -> list[Path]:
    """The packages and all that they need, of the machine's own sources."""
    archives = place / "cache" / "archives"
    for directory in (place / "state" / "lists" / "partial", archives / "partial"):
        directory.mkdir(parents=True)
    (place / "status").write_text("")
    settings = {
        "APT::Architecture": "i386",
        "APT::Architectures::": "i386",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Dir::State": place / "state",
        "Dir::State::status": place / "status",
        "Dir::Cache": place / "cache",
    }
    apt = "apt-get -qq " + " ".join(f"-o {name}={value}" for name, value in settings.items())
    # A source that has nothing for this machine is told of by a status, though the others were read.
    _run(f"{apt} update || true; {apt} install -y --download-only --no-install-recommends {' '.join(PACKAGES)}")
    return sorted(archives.glob("*.deb"))


def _run(command: str) -> None:
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"{command}\n{done.stdout}{done.stderr}")


def inside(root: Path, *words: str) -> list[str]:
    """The command that runs another in there, as a process of its own: with /proc, which tells it its limits."""
    script = 'mount -t proc proc "$0/proc" && mount --bind /dev "$0/dev" && exec chroot "$0" "$@"'
    return ["unshare", "--mount", "sh", "-c", script, str(root), *words]
