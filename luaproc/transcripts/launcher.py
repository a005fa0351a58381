"""Writes a launcher: an executable that a wiki can have as its luaPath, and that records."""

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import luaproc
from luaproc.transcripts.errors import TranscriptError

# -v needs no tap. SigIgn is read before Python ignores signals of its own (see `tap`). -I and -S keep the start short,
# and the environment of the web server out of it.
_SCRIPT = """\
#!/bin/sh
# Written by `luaproc record`: a luaPath for Scribunto that records each conversation in a file of its own.
[ "$#" = 1 ] && [ "$1" = -v ] && exec {command} -v
luaproc_ignored=
[ -r "/proc/$$/status" ] &&
	while read -r luaproc_key luaproc_ignored; do [ "$luaproc_key" = SigIgn: ] && break; done <"/proc/$$/status"
exec {python} -IS -c 'import sys; sys.path.insert(0, sys.argv.pop(1)); from luaproc.transcripts.tap import launched; \
launched(sys.argv[1:])' {package} "$luaproc_ignored" {directory}/ {command} "$@"
"""


def write_launcher(path: str | os.PathLike[str], command: Sequence[str], directory: str | os.PathLike[str]) -> None:
    """Write an executable to `path` that starts `command`, with PHP's arguments after it, and records it.

    directory: where the transcripts go, one file per process; it is made if need be. The user that PHP runs as has to
    be able to write there: otherwise the launcher says so on stderr (Scribunto's errorFile) and runs without recording.

    Raises TranscriptError when one of them cannot be written, or when `path` is there and no launcher of this kind.
    """
    target, place = Path(path), Path(directory).resolve()
    # PHP starts it in a directory of its own; a name without a slash is on PATH there, too.
    command = [os.path.abspath(command[0]) if "/" in command[0] else command[0], *command[1:]]
    text = _SCRIPT.format(
        command=shlex.join(command),
        python=shlex.quote(sys.executable),
        package=shlex.quote(str(Path(luaproc.__file__).resolve().parents[1])),
        directory=shlex.quote(str(place)),
    )
    try:
        if target.exists() and text.splitlines()[1] not in target.read_text(errors="replace"):
            raise TranscriptError(str(target), None, "exists, and is no launcher of this kind: not overwritten")
        place.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        target.chmod(0o755)
    except OSError as error:
        raise TranscriptError(error.filename or str(target), None, f"cannot be written: {error.strerror}") from None
