"""Members of a site as JSON has them, checked and made what `luaproc.wiki.site.Site` has."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from luaproc.wiki.language import codes
from luaproc.wiki.site_parts import Interwiki, Limits, Namespace


def member(key: str, value: Any) -> Any:
    """A member as JSON has it, as the class has it."""
    if key == "namespaces" and isinstance(value, Mapping):
        for number in value:
            if not str(number).removeprefix("-").isdecimal():
                raise ValueError(f"namespaces: expected their numbers as keys, got {number!r}")
        return {int(number): _record(Namespace, item, f"namespaces.{number}") for number, item in value.items()}
    if key == "interwiki" and isinstance(value, Mapping):
        return {
            prefix.lower(): _record(
                Interwiki, {"url": item} if isinstance(item, str) else item, f"interwiki.{prefix}", prefix=prefix
            )
            for prefix, item in value.items()
        }
    if key == "limits" and isinstance(value, Mapping):
        for name, most in value.items():
            if isinstance(most, bool) or not isinstance(most, int) or not 0 < most < 2**63:
                raise ValueError(f"limits.{name}: expected a whole number above 0, got {most!r:.40}")
        return _record(Limits, value, "limits")
    if key == "extension_tags":
        return tuple(tag.strip("<>").lower() for tag in _strings(key, value))
    if key in _TUPLES:
        return tuple(_strings(key, value))
    expected = _EXPECTED.get(key, dict)
    if not isinstance(value, expected):
        raise ValueError(f"{key}: expected {_WORDS[expected]}, got {value!r:.40}")
    if key in _SHAPES:
        _must_have_shape(key, value, _SHAPES[key])
    if key in _CHECKS:
        for name, item in value.items() if isinstance(value, Mapping) else [("", value)]:
            is_good, words = _CHECKS[key]
            if not is_good(item):
                raise ValueError(f"{key}{'.' * bool(name)}{name}: expected {words}, got {item!r:.40}")
    return value


def _has_a_moment(properties: Mapping[str, Any]) -> bool:
    try:
        return not properties.get("timestamp") or bool(revision_time(properties["timestamp"]))
    except ValueError:
        return False


def revision_time(timestamp: str) -> datetime:
    """What a page's property `timestamp` means: `2024-02-29T12:00:00Z`, 20240229120000, or their beginnings.

    Raises ValueError.
    """
    digits = "".join(char for char in timestamp if char.isdecimal())[:14]
    if len(digits) < 4:
        raise ValueError(timestamp)
    return datetime.strptime(digits + "00000101000000"[len(digits) :], "%Y%m%d%H%M%S")


_CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "language": (codes.is_built_in, "a language's code as MediaWiki writes it: de"),
    "version": (lambda text: not text or re.match(r"1\.\d", text) is not None, "MediaWiki's version, as 1.43.1"),
    "fragment_mode": (lambda text: text in ("html5", "legacy"), "html5 or legacy"),
    "article_path": (lambda text: "$1" in text, "a path with $1, where a page's name goes"),
    "genders": (lambda text: text in ("male", "female", "unknown"), "male, female or unknown"),
    "skips": (lambda text: bool(text.strip()), "the reason"),
    "page_properties": (_has_a_moment, "a timestamp as 2024-02-29T12:00:00Z"),
}
"""Whether a value can be meant, and what is expected; of an object, each of its values."""


_SHAPES: dict[str, Any] = {
    **{key: {"*": str} for key in ("genders", "messages", "language_names", "stubs", "skips")},
    **{key: {"*": int} for key in ("statistics", "groups")},
    "page_properties": {
        "*": {
            **dict.fromkeys(("contentmodel", "language", "timestamp", "user"), str),
            **dict.fromkeys(("id", "revision"), int),
            "categories": [str],
            "*": object,
        }
    },
    "language_info": {
        "*": {**dict.fromkeys(("autonym", "name", "dir", "bcp47"), str), "fallbacks": [str], "*": object}
    },
    "protection": {"*": {"*": [str]}},
    "cascading": {"*": {"sources": [str], "restrictions": {"*": [str]}}},
    "categories": {"*": {"*": int}},
    "magic_words": {"*": [str]},
}
"""What members hold: a type, a list of it, or an object by keys, where `*` is any."""


def _must_have_shape(where: str, value: Any, shape: Any) -> None:
    """Raises ValueError, with the place, for a value that is not so."""
    if isinstance(shape, dict):
        if not isinstance(value, Mapping):
            raise ValueError(f"{where}: expected an object, got {value!r:.40}")
        for key, item in value.items():
            if key not in shape and "*" not in shape:
                raise ValueError(f"{where}: unknown key {key!r}; known are {', '.join(shape)}")
            _must_have_shape(f"{where}.{key}", item, shape.get(key, shape.get("*")))
    elif isinstance(shape, list):
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, shape[0]) for item in value):
            raise ValueError(f"{where}: expected a list of texts, got {value!r:.40}")
    elif not isinstance(value, shape) or (shape is int and isinstance(value, bool)):
        raise ValueError(f"{where}: expected {_WORDS[shape]}, got {value!r:.40}")


_FIELDS: dict[Any, tuple[Any, str]] = {
    "str": (str, "a text"),
    "bool": (bool, "true or false"),
    "int": (int, "a whole number"),
    "str | None": ((str, type(None)), "a text"),
    "tuple[str, ...]": ([str], "a list of texts"),
}
"""Types of the members of Namespace, Interwiki and Limits, as they are annotated."""


_TUPLES = {"local_interwikis", "extension_tags", "protocols", "special_pages"}
_EXPECTED: dict[str, type] = dict.fromkeys(
    (
        *("name", "server", "canonical_server", "script_path", "script", "article_path", "style_path", "version"),
        *("wiki_id", "language"),
        *("timezone", "main_page_text", "fragment_mode"),
    ),
    str,
) | {"limits": Limits}
_WORDS: dict[type, str] = {str: "a text", dict: "an object", Limits: "an object", int: "a whole number"}


def _strings(key: str, value: Any) -> Iterable[str]:
    if isinstance(value, str) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"{key}: expected a list of texts, got {value!r:.40}")
    return list(value)


def _record(kind: type, value: Any, where: str, **more: Any) -> Any:
    if isinstance(value, kind):
        return value
    if not isinstance(value, Mapping):
        raise ValueError(f"{where}: expected an object, got {value!r:.40}")
    members = dict(value)
    if kind is Namespace:
        more["id"] = int(where.rpartition(".")[2])
        members.setdefault("name", "")
        members.setdefault("canonical", members["name"])
    known = {item.name: item.type for item in fields(kind)}
    for key, item in members.items():
        if key not in known:
            raise ValueError(f"{where}: unknown key {key!r}; known are {', '.join(sorted(known))}")
        expected, words = _FIELDS[known[key]]
        if isinstance(expected, list):
            _must_have_shape(f"{where}.{key}", item, expected)
            members[key] = tuple(item)
        elif not isinstance(item, expected):
            raise ValueError(f"{where}.{key}: expected {words}, got {item!r:.40}")
    return kind(**(members | more))
