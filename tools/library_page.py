"""Writes docs/library.md and docs/wiki-library.md from the docstrings of luaproc.host and luaproc.wiki:
python tools/library_page.py [--check]

With --check nothing is written: status 1 where a page is not what the docstrings say.
"""

import ast
import dataclasses
import inspect
import re
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import luaproc.host
import luaproc.wiki

ROOT = Path(__file__).parents[1]

# Page -> the package whose public names it has, and the text above these.
PAGES = {
    ROOT / "docs" / "library.md": (luaproc.host, "library_introduction.md"),
    ROOT / "docs" / "wiki-library.md": (luaproc.wiki, "wiki_library_introduction.md"),
}


def page(package: ModuleType, introduction: str) -> str:
    """The whole page."""
    parts = [Path(__file__).with_name(introduction).read_text(encoding="utf-8"), "## Every public name\n"]
    for name in sorted(package.__all__):
        parts.append(_described(package, name, getattr(package, name)))
    return "\n".join(parts)


def _described(package: ModuleType, name: str, found: object) -> str:
    lines = [f"### `{name}`\n"]
    if not inspect.isclass(found):
        return f"{lines[0]}\n{inspect.getdoc(found) or ''}\n"
    bases = [base.__name__ for base in found.__bases__ if base.__name__ in package.__all__ or _is_error(base)]
    if bases:
        lines.append(f"A `{bases[0]}`.\n")
    own = inspect.getdoc(found)
    if own and not own.startswith(name + "("):  # what dataclasses and NamedTuples write themselves
        lines.append(own + "\n")
    if any("__init__" in vars(kind) for kind in _own_kinds(found)):
        lines.append(f"    {name}{_signature(found)}\n")
    lines += _fields(found)
    members: dict[str, object] = {}
    for kind in reversed(_own_kinds(found)):
        members |= vars(kind)
    for member, value in members.items():
        if isinstance(value, classmethod):
            value = value.__func__
        if not member.startswith("_") and (inspect.isfunction(value) or isinstance(value, property)):
            kind = "async " if inspect.iscoroutinefunction(value) else ""
            head = f"`{member}`" if isinstance(value, property) else f"`{kind}{member}{_signature(value)}`"
            lines.append(f"- {head}: " + " ".join((inspect.getdoc(value) or "").split()))
    return "\n".join(lines) + "\n"


def _fields(found: type) -> list[str]:
    """What stands below a dataclass's fields in its source, for each that has a text there."""
    if not dataclasses.is_dataclass(found):
        return []
    [tree] = ast.parse(textwrap.dedent(inspect.getsource(found))).body
    assert isinstance(tree, ast.ClassDef)
    lines = []
    for above, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(above, ast.AnnAssign) and isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant):
            text = " ".join(str(below.value.value).split())
            lines.append(f"- `{ast.unparse(above.target)}: {ast.unparse(above.annotation)}`: {text}")
    return lines


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
    parameters = [each for each in signature.parameters.values() if each.name not in ("self", "cls")]
    # Annotations are strings here, and shown in quotes; a default that is made for each object has no value to show.
    text = re.sub(r"(: |-> )'([^']*)'", r"\1\2", str(signature.replace(parameters=parameters)))
    return text.replace("<factory>", "…")


if __name__ == "__main__":
    texts = {path: page(*given) for path, given in PAGES.items()}
    if sys.argv[1:] == ["--check"]:
        old = [path for path, text in texts.items() if not path.is_file() or path.read_text(encoding="utf-8") != text]
        sys.exit(f"{', '.join(path.name for path in old)}: not what the docstrings say" if old else 0)
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
