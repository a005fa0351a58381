"""The system's calls, as `os` has them, without what `os` imports: five modules that no page view needs.

They cost 1.2 ms of a start of 13 (CPU), with those of lupa's that `runtime` keeps away.
"""

import sys

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    import os as os
    from collections.abc import Mapping
else:
    os = __import__("posix" if "posix" in sys.builtin_module_names else "nt")


def environment() -> "Mapping[str, str]":
    """The variables of this process: `os.environ`, or what that would be."""
    if "os" in sys.modules:
        return sys.modules["os"].environ  # type: ignore[no-any-return]
    variables = os.environ.items()
    return {_text(name): _text(value) for name, value in variables}


def _text(value: "str | bytes") -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
