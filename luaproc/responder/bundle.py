"""The beginning of a start from a bundle (see install/bundles.py): runs before anything else of luaproc's.

The launcher has checked that the bundle is whole, of this Python and of the launcher's owner.
"""

import gc
import sys
from _frozen_importlib import ModuleSpec
from _imp import source_hash
from marshal import loads
from posix import close, pread, stat

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import Callable

gc.disable()  # as `entry` does, and before what is read here could make it look


def unpack(data: memoryview, file: int) -> "Callable[..., None]":
    """Put the serve path's modules in place, with what was prepared for them, and return `entry.launch`.

    data: marshalled, of each file that the bundle was made from path, size and whole seconds of mtime; of each module
    name, attributes and code, behind those that it imports; and what was prepared (see `install.bundles.make`). file:
    the bundle's descriptor, which stays open for the library.
    Raises ValueError or OSError, before anything is in place, for a file that is another one now (30 looks at files
    cost 0.03 ms), and where a command of people's is called for.
    """
    words = sys.argv[1:2]
    if words not in (["-v"], ["serve"]) and not (words and words[0].endswith("mw_main.lua")):
        gc.enable()
        raise ValueError("it is for a wiki alone")
    if file < 3:  # it would be taken for the wiki's pipe
        close(file)
        raise ValueError("stdin, stdout or stderr is closed")
    sources, modules, prepared = loads(data)
    for path, size, seconds in sources:
        found = stat(path)
        if found.st_size != size or int(found.st_mtime) != seconds:
            raise ValueError(f"{path} is another one")
    parts = {}
    for part, begin, size, check in prepared["parts"]:
        parts[part] = (file, size, begin)  # read again when it is wanted: together they would take 0.08 MB of a server
        if source_hash(0, pread(file, size, begin)) != check:
            raise ValueError("cut, damaged or not this launcher's")
    for name, attributes, code in modules:
        module = sys.modules[name] = type(sys)(name)
        module.__dict__.update(attributes)
        # Without a spec that says so, each import of the module makes errors to find that it is not being imported.
        module.__spec__ = spec = ModuleSpec(name, None, origin=attributes["__file__"])
        spec._initializing = False  # type: ignore[attr-defined]
        exec(code, module.__dict__)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)
    sys.modules["luaproc.responder.runtime"].EXTENSIONS.update(prepared["extensions"])
    texts = {
        length: [(file, begin, dumped) for begin, dumped in places] for length, places in prepared["library"].items()
    }
    sys.modules["luaproc.responder.serve"].COMPILED[prepared["runtime"]] = (parts, texts)
    launch: Callable[..., None] = sys.modules["luaproc.entry"].launch
    return launch
