"""`luaproc link`: write a launcher for luaPath, or a link that is called as a Lua interpreter is."""

import os
import shlex
from pathlib import Path

import click

from luaproc.errors import UsageError, visible
from luaproc.install import bundles, launchers, starting
from luaproc.install.mediawiki import error_file_command, find_mediawiki, local_settings, other_mediawikis
from luaproc.responder import runtime
from luaproc.responder.options import OPTIONS

CARRIED = [name for name in OPTIONS if name not in launchers.NOT_CARRIED]


@click.command(
    params=[
        click.Argument(["path"], type=click.Path(path_type=Path)),
        *(
            click.Option([f"--{name}", name.replace("-", "_")], metavar=OPTIONS[name][2].upper(), help=OPTIONS[name][3])
            for name in CARRIED
        ),
        click.Option(["--as-lua"], is_flag=True, help="A symbolic link instead, called lua, lua5.1 or luajit."),
        click.Option(["--mediawiki"], metavar="DIR", help="Whose Lua library is compiled ahead; default: all found."),
        click.Option(["--force"], is_flag=True, help="Overwrite what is there."),
    ]
)
def command(path: Path, as_lua: bool, mediawiki: str | None, force: bool, **options: str | None) -> None:
    """Write PATH, a launcher for Scribunto's luaPath that carries the given options.

    It starts Python isolated (-I -S), which is quicker and leaves more memory to the modules than the `luaproc` script
    does. What it starts with is prepared in PATH.bundle; run this again after an upgrade, or starts are slower.
    With --as-lua, PATH becomes a link by whose name luaproc is the standalone interpreter.
    """
    path = path.absolute()
    given = [f"--{name}={value}" for name in CARRIED if (value := options[name.replace("-", "_")]) is not None]
    if as_lua:
        if given:
            raise UsageError(f"a link carries no options, got {given[0]}: leave it out, or --as-lua")
        target = starting.executable()
        launchers.link_as_lua(path, target, force)
        click.echo(visible(f"linked {path} to {target}"))
        return
    carried = launchers.carried(given)
    chosen = options["runtime"] or runtime.DEFAULT
    runtime.new_runtime(chosen)  # a launcher for a runtime that is not there would fail on the wiki
    found = find_mediawiki(mediawiki)
    wikis = [found, *(other_mediawikis(found) if mediawiki is None else [])] if found else []
    library, unsafe = bundles.library_texts(wikis)
    bundle = launchers.install(path, given, force, library)
    told = [
        f"wrote {path}",
        f"  starts   {starting.base_interpreter()} {starting.FLAGS}",
        f"  bundle   {bundle}",
        f"  library  {_told(wikis, library, unsafe)}",
        f"  runtime  {chosen}",
        f"  options  {shlex.join(carried) or 'none'}",
        "LocalSettings.php:",
        *(f"  {line}" for line in local_settings(str(path), loads=True)),
    ]
    for line in told:
        click.echo(visible(line))
    click.echo(f"once, as root, for errorFile (www-data: the web server's user):\n  {error_file_command('www-data')}")
    for name in launchers.GROWING:
        file = options[name]
        if file and not os.path.isdir(directory := os.path.dirname(os.path.abspath(file))):
            what = f"Warning: there is no directory {directory}: nothing can be written there by --{name}."
            click.echo(visible(what), err=True)


def _told(wikis: list[Path], library: list[Path], unsafe: list[Path]) -> str:
    if unsafe:
        return f"{len(library)} files compiled ahead; not those that others may write, as {unsafe[0]}"
    if not library:
        return "none found to compile ahead (--mediawiki DIR)"
    return f"{len(library)} files compiled ahead, of {', '.join(map(str, wikis))}"
