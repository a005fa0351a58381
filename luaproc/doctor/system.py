"""What the system forbids beyond the modes of files: noexec mounts, SELinux, services with a /tmp of their own."""

from __future__ import annotations

import os
from pathlib import Path

from luaproc.doctor import files
from luaproc.doctor.case import Case, Finding, failed, ok, warning

# Types that httpd_t may execute or map; anything else is refused to it (Fedora's and RHEL's targeted policy).
_SELINUX_TYPES = ("bin_t", "lib_t", "usr_t", "httpd_exec_t", "httpd_sys_script_exec_t", "shell_exec_t", "ld_so_t")
_PRIVATE = ("/tmp/", "/var/tmp/")
_ESCAPES = (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\"))


def noexec(case: Case) -> Finding:
    """That nothing that is executed lies on a file system mounted noexec: scripts and shared libraries alike."""
    try:
        text = case.mounts.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ok("this system does not tell its mounts; none is taken to be noexec")
    mounts: dict[Path, list[str]] = {}
    for line in text.splitlines():
        fields = line.split()
        if len(fields) > 3:
            place = fields[1]
            for escaped, plain in _ESCAPES:
                place = place.replace(escaped, plain)
            mounts[Path(place)] = fields[3].split(",")  # a later mount at the same place lies over the earlier
    for file in files.touched(case):
        point = next((parent for parent in (file, *file.parents) if parent in mounts), None)
        if point and "noexec" in mounts[point]:
            return failed(
                f"{file} lies on {point}, which is mounted noexec: nothing can be executed there",
                f"Install elsewhere (/opt, /usr/local), or: `mount -o remount,exec {point}`",
            )
    return ok("nothing lies on a noexec mount")


def selinux(case: Case) -> Finding:
    """Whether SELinux is enforcing, and what it calls the files that the web server must execute."""
    try:
        enforcing = (case.selinux / "enforce").read_text().strip() == "1"
    except OSError:
        return ok("no SELinux")
    if not enforcing:
        return ok("SELinux is permissive")
    labels = {file: _label(file) for file in files.touched(case)}
    foreign = {file: label for file, label in labels.items() if label and _type(label) not in _SELINUX_TYPES}
    if foreign:
        file, label = next(iter(foreign.items()))
        return warning(
            f"SELinux is enforcing, and {file} is {_type(label)}, which a confined web server may not execute",
            f"`chcon -t bin_t {file}`; to keep it: `semanage fcontext -a -t bin_t {file}`. "
            "Refusals show in: `ausearch -m avc -ts recent`",
        )
    return warning(
        "SELinux is enforcing: the web server runs confined, and these checks did not",
        "If the wiki shows status 126 nevertheless: `ausearch -m avc -ts recent`. LuaJIT needs: "
        "`setsebool -P httpd_execmem 1`",
    )


def private_places(case: Case) -> Finding:
    """Places that a service often does not see: its own /tmp in place of everybody's, and no home directories."""
    for file in files.touched(case):
        if str(file).startswith(_PRIVATE):
            top = "/".join(str(file).split("/")[: 2 if str(file).startswith("/tmp") else 3])
            return warning(
                f"{file} lies in {top}, and a web server with PrivateTmp (Debian's apache2) has another {top}",
                "Install in a place that stays, such as /opt.",
            )
        if str(file).startswith(("/home/", "/root/")):
            return warning(
                f"{file} lies in a home directory, which a service with ProtectHome does not see",
                "Install in a place for all, such as /opt.",
            )
    return ok("in no place that services have of their own")


def _label(file: Path) -> str:
    try:
        return os.getxattr(file, "security.selinux").rstrip(b"\0").decode()
    except (OSError, AttributeError):
        return ""


def _type(label: str) -> str:
    fields = label.split(":")
    return fields[2] if len(fields) > 2 else label
