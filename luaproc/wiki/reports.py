"""What tests of modules did, for people, CI services and machines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from xml.etree import ElementTree

from luaproc.errors import readable, visible
from luaproc.wiki.testing import CaseResult

SHOWN = 120
"""Characters of what was expected, and of what came, in a failure's line."""


def place(result: CaseResult) -> str:
    """The place of a failure: ``Module:X/testcases:12``, as far as it is known."""
    return f"{result.module_at or result.module}:{result.line}" if result.line else result.module_at or result.module


def failure_line(result: CaseResult) -> str:
    """A failure in one line: module, line, test, what went wrong, and of a comparison where the two texts part."""
    name = f" {visible(result.name)}" if result.name else ""
    return f"FAILED {visible(place(result))}{name}: {problem(result)}"


def problem(result: CaseResult) -> str:
    """What went wrong, in one line."""
    text = _line(result.message.strip())
    if result.expected is None:
        return text
    expected, got = around_the_difference(result.expected, result.got or "nil")
    return f"{text}: expected {_line(expected)}, got {_line(got)}"


def around_the_difference(expected: str, got: str) -> tuple[str, str]:
    """Both texts; of long ones, `SHOWN` characters of each from shortly before the first difference on."""
    if len(expected) <= SHOWN and len(got) <= SHOWN:
        return expected, got
    pairs = zip(expected, got, strict=False)
    at = next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(expected), len(got)))
    start = max(at - SHOWN // 3, 0)

    def cut(text: str) -> str:
        return f"{'…' * bool(start)}{text[start : start + SHOWN]}{'…' * (len(text) > start + SHOWN)}"

    return cut(expected), cut(got)


def _line(text: str) -> str:
    return visible(text.replace("\n", "\\n"))


def failure_lines(result: CaseResult) -> Iterator[str]:
    """A failure with the whole of what was expected and what came."""
    name = f" {visible(result.name)}" if result.name else ""
    yield f"FAILED {visible(place(result))}{name}: {readable(result.message)}"
    if result.expected is not None:
        yield f"    expected: {readable(result.expected)}"
        yield f"    got:      {readable(result.got or 'nil')}"


def summary(results: Sequence[CaseResult], seconds: float) -> str:
    """pytest's last line."""
    failed = sum(not result.passed for result in results)
    skipped = sum(bool(result.skipped) for result in results)
    counts = ((failed, "failed"), (len(results) - failed - skipped, "passed"), (skipped, "skipped"))
    parts = [f"{count} {word}" for count, word in counts if count]
    return f"{', '.join(parts) or 'no tests ran'} in {seconds:.2f}s"


def tap(results: Sequence[CaseResult]) -> Iterator[str]:
    """The Test Anything Protocol, version 13."""
    yield "TAP version 13"
    yield f"1..{len(results)}"
    for number, result in enumerate(results, 1):
        title = visible(f"{result.module} {result.name}".strip()).replace("#", "\\#")
        why = f" # SKIP {visible(result.skipped)}" if result.skipped else ""
        yield f"{'ok' if result.passed else 'not ok'} {number} - {title}{why}"
        if not result.passed:
            yield "  ---"
            yield from (f"  {visible(line)}" for text in failure_lines(result) for line in text.split("\n"))
            yield "  ..."


def github(results: Iterable[CaseResult], files: dict[str, str]) -> Iterator[str]:
    """Annotations that GitHub shows beside the lines. files: of modules' titles, where they have one."""
    for result in results:
        if not result.passed:
            file = files.get(result.module_at or result.module, "")
            where = f" file={_escaped(visible(file), True)},line={max(result.line, 1)}" if file else ""
            text = "\n".join(failure_lines(result))
            yield f"::error{where}::{_escaped(text)}"


def junit(results: Sequence[CaseResult], seconds: float) -> str:
    """JUnit's XML, as CI services read it."""
    failed = sum(not result.passed for result in results)
    skipped = sum(bool(result.skipped) for result in results)
    suite = ElementTree.Element(
        "testsuite", name="luaproc wiki", tests=str(len(results)), failures=str(failed), errors="0",
        skipped=str(skipped), time=f"{seconds:.3f}",
    )  # fmt: skip
    for result in results:
        case = ElementTree.SubElement(
            suite, "testcase", classname=visible(result.module), name=visible(result.name or "the module itself"),
            time=f"{result.seconds:.3f}",
        )  # fmt: skip
        if result.skipped:
            ElementTree.SubElement(case, "skipped", message=visible(result.skipped))
        if not result.passed:
            element = ElementTree.SubElement(case, "failure", message=visible(result.message))
            element.text = "\n".join(failure_lines(result))
    suites = ElementTree.Element("testsuites")
    suites.append(suite)
    ElementTree.indent(suites)
    return ElementTree.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def _escaped(text: str, is_property: bool = False) -> str:
    for plain, escaped in (
        ("%", "%25"),
        ("\r", "%0D"),
        ("\n", "%0A"),
        *([(":", "%3A"), (",", "%2C")] if is_property else []),
    ):
        text = text.replace(plain, escaped)
    return text
