"""The shape of the house (docs/architecture.md): who may import whom, and names that mean one thing."""

import ast
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import luaproc.host
import luaproc.nflua
import luaproc.wiki

ROOT = Path(__file__).parents[1] / "luaproc"

# Each room -> the rooms of a lower storey that it may import. Every room may import itself and luaproc.errors.
_WIRE = {"wire", "responder"}
_HOST = {*_WIRE, "lua51", "nflua", "install", "host"}
_TOOLS = {*_HOST, "webpage", "profiling", "transcripts", "doctor", "bench", "wiki"}
MAY_IMPORT = {
    "errors": set[str](),
    "webpage": set[str](),
    "wire": set[str](),
    "responder": set[str](),
    "lua51": _WIRE | {"lua51", "nflua"},
    "nflua": _WIRE | {"lua51", "nflua"},
    "install": {*_WIRE, "lua51", "nflua"},
    "host": {*_WIRE, "lua51", "nflua", "install"},
    "profiling": {"responder", "lua51", "install", "webpage"},
    "transcripts": {*_HOST, "webpage"},
    "doctor": _HOST,
    "bench": _HOST | {"transcripts", "wiki"},
    "wiki": {*_HOST, "profiling"},
    "session": _TOOLS,
    # `luaproc lua .../mw_main.lua` is a wiki's luaPath under that name: the entry decides about it again.
    "commands": {*_TOOLS, "session", "entry"},
    "entry": {"responder", "lua51", "commands"},
    "__main__": {"entry"},
}
FILES = sorted(ROOT.rglob("*.py"))


def room(file: Path) -> str:
    return file.relative_to(ROOT).parts[0].removesuffix(".py")


@cache
def parsed(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def statements(outer: ast.AST) -> Iterator[ast.stmt]:
    """Those of a file, at any depth, but for what is there for types alone. No expression has a statement in it."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        if field == "body" and isinstance(outer, ast.If) and ast.unparse(outer.test) == "TYPE_CHECKING":
            continue
        inner = getattr(outer, field, ())
        for node in inner if isinstance(inner, list) else ():
            if isinstance(node, ast.stmt):
                yield node
            yield from statements(node)


def imported(file: Path) -> Iterator[str]:
    """The rooms of luaproc that a file imports, at the top or where they are needed."""
    for node in statements(parsed(file)):
        if isinstance(node, ast.ImportFrom) and node.module == "luaproc":
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("luaproc."):
            yield str(node.module).split(".")[1]
        elif isinstance(node, ast.Import):
            yield from (alias.name.split(".")[1] for alias in node.names if alias.name.startswith("luaproc."))


@pytest.mark.slow  # reads all of luaproc
def test_imports_run_one_way() -> None:
    wrong = {}
    for file in FILES:
        own = room(file)
        if own != "__init__":
            allowed = {own, "errors", "__version__", *MAY_IMPORT[own]}
            wrong[str(file.relative_to(ROOT))] = set(imported(file)) - allowed
    assert {file: rooms for file, rooms in wrong.items() if rooms} == {}


def test_each_module_is_imported_without_a_word() -> None:
    """Beside all others, in one process: no module works, writes or fails when it is imported."""
    names = [".".join(file.relative_to(ROOT.parent).with_suffix("").parts) for file in FILES]
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    command = [
        sys.executable,
        "-c",
        code,
        *(name.removesuffix(".__init__") for name in names if "__main__" not in name),
    ]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=600)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow  # reads all of luaproc
def test_no_two_public_classes_share_a_name() -> None:
    """A reader who knows one would take the other for it."""
    homes: dict[str, list[str]] = defaultdict(list)
    for file in FILES:
        for node in ast.walk(parsed(file)):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(str(file.relative_to(ROOT)))
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


def test_no_two_packages_export_a_name() -> None:
    """But `LuaError`: what a wiki's user catches is that of `luaproc.wiki`, which has another class (`ModuleError`)."""
    exported = [name for package in (luaproc.host, luaproc.nflua, luaproc.wiki) for name in package.__all__]
    assert sorted({name for name in exported if exported.count(name) > 1}) == ["LuaError"]


def test_the_map_of_the_wiki_names_each_part() -> None:
    """Some forty files: who looks for one finds it in the package's docstring."""
    parts = {file.stem for file in (ROOT / "wiki").iterdir() if file.suffix == ".py" or (file / "__init__.py").exists()}
    named = set(re.findall(r"`(\w+)`", luaproc.wiki.__doc__ or ""))
    assert parts - named == {"__init__"}


def test_files_are_written_in_one_room() -> None:
    """`install.files` writes them whole and through nobody's link. Who writes by himself has said why: a log or a
    transcript grows and overwrites nothing, and two write into a directory that they have just made."""
    opens = r"""\bopen\((?!os\.devnull|ours)[^()]*["'][wax]b?\+?["']"""
    writes = re.compile(rf"\.write_text\(|\.write_bytes\(|O_CREAT|{opens}")
    found = {str(file.relative_to(ROOT)) for file in FILES if writes.search(file.read_text("utf-8"))}
    assert found == {
        "bench/account.py",
        "bench/wiki.py",
        "install/files.py",
        "responder/log.py",
        "transcripts/writer.py",
        "wiki/fetching.py",
        "wiki/line_files.py",
    }


def test_no_file_is_too_long_to_read_in_one_sitting() -> None:
    files = [file for kind in ("*.py", "*.lua") for file in ROOT.rglob(kind)]
    assert [str(file.relative_to(ROOT)) for file in files if len(file.read_bytes().splitlines()) > 550] == []
