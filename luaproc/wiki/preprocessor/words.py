"""What stands between braces: a variable, a function, a template, with the words in front of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from weakref import WeakKeyDictionary

from luaproc.wiki.preprocessor.magic import ANY_CASE_VARIABLES, CASED_FUNCTIONS, functions, variables
from luaproc.wiki.site import Site
from luaproc.wiki.values import PHP_SPACE

MAX_PLANS = 5000
MAX_TITLE = 300  # characters of a title whose plan is kept: longer ones have a function's text in them, and come once


class Plan:
    """How a title between braces is expanded.

    subst: `subst`, `safesubst` or "". variable: the key of a variable, if there are no arguments. function: the name of
    a function, `first` its first argument. name: what a template is looked up by. nowiki: it begins with
    `msgnw:`.
    """

    __slots__ = ("first", "function", "name", "nowiki", "subst", "variable")

    def __init__(self) -> None:
        self.subst = self.variable = self.function = self.first = self.name = ""
        self.nowiki = False


class Words:
    """The names of a site's variables and functions, local ones too."""

    def __init__(self, site: Site, more: Iterable[str] = (), release: int = 39) -> None:
        self._site = site
        self.variables: dict[str, str] = {}
        self.any_case_variables: dict[str, str] = {}
        self.functions: dict[str, str] = {}
        self.cased_functions: dict[str, str] = {}
        self._plans: dict[str, Plan] = {}
        for key, names in variables(release).items():
            for name in (*names, *site.magic_words.get(key, ())):
                if key in ANY_CASE_VARIABLES:
                    self.any_case_variables[name.lower()] = key
                else:
                    self.variables[name] = key
        for function, names in functions(release).items():
            self._add_function(function, names)
        for function in more:
            self._add_function(function, (function.removeprefix("#"),))
        self._subst = self._prefix("subst", "subst:")
        self._safesubst = self._prefix("safesubst", "safesubst:")
        self._msgnw = self._prefix("msgnw", "msgnw:")
        self._msg = self._prefix("msg", "msg:")
        self._raw = self._prefix("raw", "raw:")

    def _add_function(self, function: str, names: Iterable[str]) -> None:
        key = function.removeprefix("#")
        mark = "#" if function.startswith("#") else ""
        for name in (*names, *self._site.magic_words.get(key, ())):
            name = mark + name.removeprefix("#").removesuffix(":")
            if function in CASED_FUNCTIONS:
                self.cased_functions[name] = function
            else:
                self.functions[name.lower()] = function

    def _prefix(self, key: str, name: str) -> re.Pattern[str]:
        names = {name, *self._site.magic_words.get(key, ())}
        return re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))), re.IGNORECASE)

    def plan(self, title: str) -> Plan:
        """How the title is expanded; the last plans are remembered."""
        if len(title) > MAX_TITLE:
            return self._make(title)
        plan = self._plans.get(title)
        if plan is None:
            if len(self._plans) >= MAX_PLANS:
                self._plans.clear()
            plan = self._plans[title] = self._make(title)
        return plan

    def _make(self, title: str) -> Plan:
        plan = Plan()
        name = title.strip(PHP_SPACE)
        for word, pattern in (("subst", self._subst), ("safesubst", self._safesubst)):
            match = pattern.match(name)
            if match:
                plan.subst = word
                name = name[match.end() :].strip(PHP_SPACE)
                break
        plan.variable = self.variables.get(name) or self.any_case_variables.get(name.lower(), "")
        match = self._msgnw.match(name)
        if match:
            plan.nowiki = True
        else:
            match = self._msg.match(name)
        if match:
            name = name[match.end() :]
        match = self._raw.match(name)
        if match:  # which tells MediaWiki something of pages of other wikis only
            name = name[match.end() :]
        called, colon, first = name.partition(":")
        if colon:
            plan.function = self.function(called)
            plan.first = first.strip(PHP_SPACE)
        plan.name = name
        return plan

    def function(self, name: str) -> str:
        """The function of that name, as its table knows it; "" if there is none."""
        return self.cased_functions.get(name) or self.functions.get(name.lower(), "")


_kept: WeakKeyDictionary[Site, dict[tuple[frozenset[str], int], Words]] = WeakKeyDictionary()


def words(site: Site, more: frozenset[str], release: int) -> Words:
    """The names on a site of a release; more: functions besides our own."""
    kept = _kept.setdefault(site, {})
    if (more, release) not in kept:
        kept[more, release] = Words(site, more, release)
    return kept[more, release]
