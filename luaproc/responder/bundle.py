"""The beginning of a start from a bundle (see install/bundles.py): runs before anything else of luaproc's.

The launcher has checked that the bundle is whole, of this Python and of the launcher's owner.
"""

import gc
import sys
from posix import close, stat

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import CodeType
    from typing import Any


def unpack(
    sources: "Sequence[tuple[str, int, int]]",
    modules: "Sequence[tuple[str, Mapping[str, object], CodeType]]",
    prepared: "Mapping[str, Any]",
    file: int,
    library: int,
) -> None:
    """Put the serve path's modules in place, with what was prepared for them.

    sources: path, size and whole seconds of mtime of each file that the bundle was made from. modules: name, attributes
    and code, each behind those that it imports. prepared: see `install.bundles.make`. file: the bundle's descriptor,
    which stays open for the library. library: where that begins in the file.
    Raises ValueError or OSError, before anything is in place, for a file that is another one now: 30 looks at files
    cost 0.03 ms.
    """
    if file < 3:  # it would be taken for the wiki's pipe
        close(file)
        raise ValueError("stdin, stdout or stderr is closed")
    for path, size, seconds in sources:
        found = stat(path)
        if found.st_size != size or int(found.st_mtime) != seconds:
            raise ValueError(f"{path} is another one")
    gc.disable()  # as `entry` does
    for name, attributes, code in modules:
        module = sys.modules[name] = type(sys)(name)
        module.__dict__.update(attributes)
        exec(code, module.__dict__)
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)
    sys.modules["luaproc.responder.runtime"].EXTENSIONS.update(prepared["extensions"])
    texts = {
        length: [(file, library + offset, dumped) for offset, dumped in places]
        for length, places in prepared["library"].items()
    }
    sys.modules["luaproc.responder.serve"].COMPILED[prepared["runtime"]] = (prepared["parts"], texts)
