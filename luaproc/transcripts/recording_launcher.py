"""Writes a launcher: an executable that a wiki can have as its luaPath, and that records."""

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from luaproc.install.starting import base_interpreter, directories, write_executable
from luaproc.responder import restart
from luaproc.transcripts.errors import TranscriptError

# How a file begins that we may overwrite.
MARK = "# Written by `luaproc record`"

# -v needs no tap, and what a directory is as stdin the command says; Python would say it in five lines. SigIgn is
# read before Python ignores signals of its own (see `tap`). -I and -S keep the start short, and the environment of
# the web server out of it; the C locale, an archive of locales out of the wiki's memory (`responder.restart`). The
# command gets its environment back.
_SCRIPT = """\
#!/bin/sh
{mark}: a luaPath for Scribunto that records each conversation in a file of its own.
[ "$#" = 1 ] && [ "$1" = -v ] && exec {command} -v
[ -d /dev/fd/0 ] && exec {command} "$@"
[ -x {python} ] && [ -r {package}/luaproc/transcripts/tap.py ] || {{
	echo 'luaproc record: not recorded: luaproc is gone from '{package} >&2
	exec {command} "$@"
}}
luaproc_ignored=
[ -r "/proc/$$/status" ] &&
	while read -r luaproc_key luaproc_ignored; do [ "$luaproc_key" = SigIgn: ] && break; done <"/proc/$$/status"
export {kept}="${{LC_ALL+.$LC_ALL}}" LC_ALL=C
exec {python} -IS -c 'import sys; sys.path.insert(0, sys.argv.pop(1)); from luaproc.transcripts.tap import launched; \
launched(sys.argv[1:])' {package} "$luaproc_ignored" {directory}/ {command} "$@"
"""


def write_launcher(
    path: str | os.PathLike[str], command: Sequence[str], directory: str | os.PathLike[str], force: bool = False
) -> None:
    """Write an executable to `path` that starts `command`, with PHP's arguments after it, and records it.

    directory: where the transcripts go, one file per process; it is made if need be. The user that PHP runs as has to
    be able to write there: otherwise the launcher says so on stderr (Scribunto's errorFile) and runs without recording.

    Raises TranscriptError when that directory cannot be made, and as `starting.write_executable`, which writes it.
    """
    place = Path(directory).resolve()
    # PHP starts it in a directory of its own; a name without a slash is on PATH there, too.
    command = [os.path.abspath(command[0]) if "/" in command[0] else command[0], *command[1:]]
    text = _SCRIPT.format(
        mark=MARK,
        kept=restart.KEPT,
        command=shlex.join(command),
        python=shlex.quote(base_interpreter()),
        package=shlex.quote(directories()[0]),
        directory=shlex.quote(str(place)),
    )
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TranscriptError(str(place), None, f"cannot be made: {error.strerror}") from None
    write_executable(Path(path), text, MARK, force)
