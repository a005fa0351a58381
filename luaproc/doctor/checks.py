"""The table of checks, and the run through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from luaproc.doctor import environment, files, php, scribunto, server, system
from luaproc.doctor.case import Case, Finding, failed, not_checked
from luaproc.doctor.users import myself
from luaproc.errors import LuaprocError


class Check(NamedTuple):
    """One row: the heading it stands under, its name, what it does, and the checks without which it says nothing."""

    section: str
    name: str
    examine: Callable[[Case], Finding | list[Finding]]
    needs: tuple[str, ...] = ()


class CheckResult(NamedTuple):
    """A finding, and the check that found it. tried_as: the user, where that is not the web server's."""

    check: Check
    finding: Finding
    tried_as: str = ""


_FILE = ("file", "executable", "interpreter", "modules", "noexec", "variables")
_SERVER = ("start",)

CHECKS = (
    Check("Python", "python", environment.python),
    Check("Python", "lupa", environment.lupa),
    Check("Python", "variables", environment.variables),
    Check("luaPath", "file", files.exists),
    Check("luaPath", "executable", files.executable, ("file",)),
    Check("luaPath", "interpreter", files.interpreter, ("file", "executable")),
    Check("luaPath", "modules", files.packages, ("file",)),
    Check("luaPath", "noexec", system.noexec, ("file",)),
    Check("luaPath", "selinux", system.selinux, ("file",)),
    Check("luaPath", "place", system.private_places, ("file",)),
    Check("luaPath", "locales", files.locales, ("file",)),
    Check("luaPath", "version", server.answers_version, _FILE),
    Check("luaPath", "bundle", server.starts_from_bundle, ("version",)),
    Check("luaPath", "profile", files.profile, ("file",)),
    Check("Scribunto", "found", scribunto.version),
    Check("Scribunto", "readable", scribunto.readable, ("found",)),
    Check("Scribunto", "limits", scribunto.ulimit, ("readable",)),
    Check("Scribunto", "class", scribunto.function_objects, ("readable",)),
    Check("Scribunto", "settings", scribunto.local_settings),
    Check("Scribunto", "errorFile", scribunto.error_file),
    Check("At work", "start", server.starts, ("version", "limits")),
    Check("At work", "start time", server.start_time, _SERVER),
    Check("At work", "handshake", server.handshake, _SERVER),
    Check("At work", "memory", server.memory, _SERVER),
    Check("At work", "time limit", server.time_limit, _SERVER),
    Check("At work", "sandbox", server.sandbox, _SERVER),
    Check("PHP", "php", php.found),
    Check("PHP", "functions", php.may_start_processes, ("php",)),
    Check("PHP", "pools", php.pools, ("php",)),
    Check("PHP", "proc_open", php.exchanges, ("php", "functions", "errorFile", "start")),
    Check("PHP", "php.ini", php.settings, ("php",)),
)


def examine(case: Case, checks: tuple[Check, ...] = CHECKS) -> Iterator[CheckResult]:
    """Run the checks in their order; each result as soon as it is there.

    A check whose condition has failed is skipped; where it failed for the web server's user alone, and root asks, the
    check is made as root. An error that a check did not expect of a server is its failure too.
    """
    bad: dict[str, str] = {}  # what has failed or was skipped -> the first cause
    refusals: set[str] = set()  # what has failed for the web server's user alone
    for check in checks:
        causes = [bad[name] for name in check.needs if name in bad]
        examined, tried_as = case, ""
        if causes and refusals.issuperset(causes) and not case.user.is_me and case.user.can_become:
            examined = replace(case, user=myself())
            tried_as = examined.user.name
            bad[check.name] = causes[0]  # so what needs this one is made as root, too
        elif causes:
            bad[check.name] = causes[0]
            yield CheckResult(check, not_checked(f"first mend: {causes[0]}"))
            continue
        try:
            found = check.examine(examined)
        except LuaprocError as error:
            found = failed(str(error), "This Lua side does not do what PHP relies on.")
        except OSError as error:  # of a program that a check starts: no /bin/sh, no process more
            what = f"{error.filename}: {error.strerror}" if error.filename else error.strerror or str(error)
            found = failed(
                f"what has to be started cannot be: {what}", "PHP would fail in the same way: mend that first."
            )
        for finding in found if isinstance(found, list) else [found]:
            if finding.level == "failed":
                bad[check.name] = check.name
                if finding.only_user:
                    refusals.add(check.name)
            yield CheckResult(check, finding, tried_as)


def works(results: list[CheckResult]) -> bool:
    """Whether a wiki would work, as far as could be checked."""
    return not any(result.finding.level == "failed" for result in results)
