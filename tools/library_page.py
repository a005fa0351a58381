"""Writes docs/library.md from the docstrings of luaproc.host: python tools/library_page.py [--check]

With --check nothing is written: status 1 where the page is not what the docstrings say.
"""

import inspect
import re
import sys
from pathlib import Path

import luaproc.host

PAGE = Path(__file__).parents[1] / "docs" / "library.md"
INTRODUCTION = Path(__file__).with_name("library_introduction.md")


def page() -> str:
    """The whole page."""
    names = sorted(luaproc.host.__all__)
    parts = [INTRODUCTION.read_text(encoding="utf-8"), "## Every public name\n"]
    for name in names:
        parts.append(_described(name, getattr(luaproc.host, name)))
    return "\n".join(parts)


def _described(name: str, found: object) -> str:
    lines = [f"### `{name}`\n"]
    if not inspect.isclass(found):
        return f"{lines[0]}\n{inspect.getdoc(found) or ''}\n"
    bases = [base.__name__ for base in found.__bases__ if base.__name__ in luaproc.host.__all__ or _is_error(base)]
    if bases:
        lines.append(f"A `{bases[0]}`.\n")
    own = inspect.getdoc(found)
    if own and not own.startswith(name + "("):  # what dataclasses and NamedTuples write themselves
        lines.append(own + "\n")
    if any("__init__" in vars(kind) for kind in _own_kinds(found)):
        lines.append(f"    {name}{_signature(found)}\n")
    members: dict[str, object] = {}
    for kind in reversed(_own_kinds(found)):
        members |= vars(kind)
    for member, value in members.items():
        if not member.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
            kind = "async " if inspect.iscoroutinefunction(value) else ""
            head = f"`{member}`" if isinstance(value, property) else f"`{kind}{member}{_signature(value)}`"
            lines.append(f"- {head}: " + " ".join((inspect.getdoc(value) or "").split()))
    return "\n".join(lines) + "\n"


def _own_kinds(found: type) -> list[type]:
    """The class and those that it shares its members with, which have no entry of their own; an error's have."""
    if _is_error(found):
        return [found]
    return [kind for kind in found.__mro__ if kind.__module__.startswith("luaproc.")]


def _is_error(found: type) -> bool:
    return issubclass(found, Exception)


def _signature(found: object) -> str:
    assert callable(found)
    signature = inspect.signature(found)
    parameters = [each for each in signature.parameters.values() if each.name != "self"]
    # Annotations are strings here, and shown in quotes.
    return re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(signature.replace(parameters=parameters)))


if __name__ == "__main__":
    text = page()
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if PAGE.read_text(encoding="utf-8") == text else f"{PAGE} is not what the docstrings say")
    PAGE.write_text(text, encoding="utf-8")
