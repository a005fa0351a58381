"""Which Scribunto PHP runs: read from the MWServer.lua beside the mw_main.lua that PHP names."""

# The class of function objects by Scribunto version (docs/protocol.md, "Messages"). Without an installation to
# read, the older name, which every release up to 1.45 has.
OLD_CLASS = "Scribunto_LuaStandaloneInterpreterFunction"
NEW_CLASS = r"MediaWiki\Extension\Scribunto\Engines\LuaStandalone\LuaStandaloneInterpreterFunction"


def function_class(main_script: str | None) -> str:
    """The PHP class name for function objects, for the Scribunto that `main_script` (path of mw_main.lua) belongs to.

    The name is taken from the serialized object in MWServer.lua beside it. None, or a file that cannot be read or tells
    nothing: the name of the releases up to 1.45.
    """
    if not main_script:
        return OLD_CLASS
    directory = main_script.rpartition("/")[0] or "."
    try:
        with open(directory + "/MWServer.lua", "rb") as file:
            text = file.read()
    except OSError:
        return OLD_CLASS
    return _named_in(text) or OLD_CLASS


def _named_in(text: bytes) -> str | None:
    """The class in the first `O:<length>:"<name>"` of a Lua source, whose backslashes may be escaped."""
    start = text.find(b"O:")
    while start >= 0:
        length, colon, rest = text[start + 2 : start + 400].partition(b':"')
        name = rest.partition(b'"')[0]
        if colon and length.isdigit():
            for candidate in (name, name.replace(b"\\\\", b"\\")):
                if len(candidate) == int(length) and candidate.endswith(b"InterpreterFunction"):
                    return candidate.decode("ascii", "replace")
        start = text.find(b"O:", start + 2)
    return None


def function_head(class_name: str, interpreter_id: int) -> bytes:
    """A serialized function object up to its chunk id."""
    name = class_name.encode()
    return b'O:%d:"%b":2:{s:13:"interpreterId";i:%d;s:2:"id";i:' % (len(name), name, interpreter_id)


def reads_log(class_name: str) -> bool:
    """Whether this Scribunto reads `log` in error replies: from REL1_46 on, the release that renamed the class."""
    return class_name == NEW_CLASS
