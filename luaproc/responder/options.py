"""The options of the responder: one table for the command line, the environment and launchers."""

from luaproc.errors import UsageError
from luaproc.responder.bare_os import environment as process_environment
from luaproc.responder.runtime import DEFAULT

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _text(value: str) -> str:
    return value


def _name(value: str) -> str:
    if not value:
        raise ValueError
    return value


def _class_name(value: str) -> str:
    if not all(part.isidentifier() for part in value.split("\\")):
        raise ValueError
    return value


def _number(value: str) -> int:
    return int(value)


def _int_size(value: str) -> int:
    if value not in ("4", "8"):
        raise ValueError
    return int(value)


def _bytes(value: str) -> int:
    factor = {"k": 1024, "m": 1024**2, "g": 1024**3}.get(value[-1:].lower())
    count = int(value[:-1]) * factor if factor else int(value)
    if count <= 0:
        raise ValueError
    return count


def _seconds(value: str) -> int:
    if int(value) <= 0:
        raise ValueError
    return int(value)


# Option -> environment variable (luaPath can carry no options), reader, what it expects, help.
OPTIONS: "dict[str, tuple[str | None, Callable[[str], str | int], str, str]]" = {
    "runtime": ("LUAPROC_RUNTIME", _text, "a runtime", "The Lua to run: lua51 (PUC, default) or luajit21."),
    "function-class": (
        "LUAPROC_FUNCTION_CLASS", _class_name, "a PHP class name",
        "PHP class of function objects; found from the Scribunto that starts us.",
    ),
    "interpreter-id": (None, _number, "an integer", "The interpreterId in function objects; PHP gives it (default 0)."),
    "int-size": (None, _int_size, "4 or 8", "Bytes in an integer of PHP; PHP gives it (default 8)."),
    "max-memory": (
        "LUAPROC_MAX_MEMORY", _bytes, "bytes, or a number with K, M or G",
        "Memory of the whole process, as `ulimit -v`; the process's own limit holds anyway.",
    ),
    "max-cpu": (
        "LUAPROC_MAX_CPU", _seconds, "seconds",
        "CPU time of the process, as `ulimit -t`; the process's own limit holds anyway.",
    ),
    "timezone": (
        "LUAPROC_TIMEZONE", _name, "a zone, as Europe/Berlin",
        "The zone of os.date and os.time, by default the machine's; TZ does not reach a module.",
    ),
    "log": ("LUAPROC_LOG", _name, "a file", "Append a line for each message to this file."),
    "profile": (
        "LUAPROC_PROFILE", _name, "a file",
        "Append to this file where the CPU time of modules goes, as folded stacks; `luaproc profile` shows them.",
    ),
    "forks-for": (
        None, _number, "a process id",
        "Fork for each page view of this process, on files of its; for `luaproc.wiki`.",
    ),
    "coverage": (
        "LUAPROC_COVERAGE", _name, "a file", "Append to this file which lines ran; for `luaproc wiki test --coverage`.",
    ),
}  # fmt: skip


def read(
    words: "list[str]", environment: "Mapping[str, str] | None" = None
) -> "tuple[dict[str, str | int], list[str]]":
    """Options from command-line words (`--name value` or `--name=value`) and the environment, and the words left over.

    The command line wins over the environment (`os.environ` by default), whose variables are not looked at then. Raises
    `UsageError` for an unknown option or a value that cannot be read.
    """
    environment = process_environment() if environment is None else environment
    found, rest = _read_words(words)
    for name, (variable, _, _, _) in OPTIONS.items():
        if variable and name not in found and environment.get(variable):
            found[name] = _convert(name, environment[variable], variable)
    return found, rest


def chosen_runtime(words: "tuple[str, ...]" = ()) -> str:
    """The runtime alone that these words and the environment choose: for callers that need no other option.

    Raises `UsageError` as `read`.
    """
    variable = str(OPTIONS["runtime"][0])
    found, _ = read(list(words), {variable: process_environment().get(variable, "")})
    return str(found.get("runtime", DEFAULT))


def _read_words(words: "list[str]") -> "tuple[dict[str, str | int], list[str]]":
    found: dict[str, str | int] = {}
    rest: list[str] = []
    words = list(words)
    while words:
        word = words.pop(0)
        if word == "--":
            return found, rest + words
        if not word.startswith("--"):
            rest.append(word)
            continue
        name, equals, value = word[2:].partition("=")
        if name not in OPTIONS:
            raise UsageError(f"unknown option --{name}: expected one of {', '.join('--' + o for o in OPTIONS)}")
        if not equals:
            if not words:
                raise UsageError(f"option --{name} expects {OPTIONS[name][2]}, and nothing came")
            value = words.pop(0)
        found[name] = _convert(name, value, f"--{name}")
    return found, rest


def _convert(name: str, value: str, source: str) -> "str | int":
    _, convert, expected, _ = OPTIONS[name]
    try:
        return convert(value)
    except (ValueError, IndexError):
        raise UsageError(f"{source} expects {expected}, got {value!r}") from None
