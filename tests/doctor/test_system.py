"""What the system forbids beyond the modes of files."""

import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.doctor.conftest import Make, check, other_user, write


def test_noexec(healthy: Path, make: Make, place: Path) -> None:
    """The longest mount point counts, and of two mounts over each other the later."""
    real = os.path.realpath(healthy.parent)
    mounts = write(
        place / "mounts", f"/dev/a / ext4 rw,noexec 0 0\n/dev/a / ext4 rw 0 0\ntmpfs {real} tmpfs rw,noexec 0 0\n"
    )
    finding = check("noexec", make(healthy, mounts=mounts))
    assert finding.level == "failed"
    assert f"lies on {real}, which is mounted noexec" in finding.text
    assert f"mount -o remount,exec {real}" in finding.advice
    write(mounts, f"/dev/a / ext4 rw 0 0\ntmpfs {real}2 tmpfs rw,noexec 0 0\ntmpfs {real} tmpfs rw 0 0\n")
    assert check("noexec", make(healthy, mounts=mounts)).level == "ok"


def test_noexec_where_lupa_lies(healthy: Path, environment: Path, make: Make, place: Path) -> None:
    """A shared library is mapped to be executed: it cannot lie there either."""
    real = os.path.realpath(environment)
    mounts = write(place / "mounts", f"/dev/a / ext4 rw 0 0\ntmpfs {real} tmpfs rw,noexec 0 0\n")
    assert check("noexec", make(healthy, mounts=mounts)).level == "failed"


def test_noexec_mount_with_a_blank(make: Make, place: Path) -> None:
    """/proc/mounts writes it as an octal escape."""
    lua = write(place / "my files" / "lua", "#!/bin/sh\n")
    real = os.path.realpath(lua.parent).replace(" ", "\\040")
    mounts = write(place / "mounts", f"/dev/a / ext4 rw 0 0\ntmpfs {real} tmpfs rw,noexec 0 0\n")
    assert check("noexec", make(lua, mounts=mounts)).level == "failed"


def test_no_mounts_to_read(healthy: Path, make: Make, place: Path) -> None:
    assert check("noexec", make(healthy, mounts=place / "nothing")).level == "ok"


@pytest.mark.slow  # mounts a file system
def test_real_noexec_mount(place: Path) -> None:
    """The real thing: a tmpfs in a mount namespace of our own."""
    other_user()
    (place / "mnt").mkdir()
    script = (
        f"mount -t tmpfs -o noexec,mode=755 none {place}/mnt && cp /bin/true {place}/mnt/lua && "
        f"exec luaproc doctor --lua {place}/mnt/lua"
    )
    path = f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}"
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PATH": path},
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"this system gives no mount namespace: {done.stderr.strip()}")
    assert done.returncode == 1
    assert re.search(r"FAILED +noexec", done.stdout), done.stdout


_NO_TEMPORARY_FILES = (
    "for place in /tmp /var/tmp; do mount --bind $place $place && mount -o remount,ro,bind $place; done; cd /proc"
)


@pytest.mark.slow  # each is a whole run
@pytest.mark.parametrize("mounts", ["umount -l /proc", _NO_TEMPORARY_FILES, "mount -t tmpfs none /dev"])
def test_containers(wiki: Path, healthy: Path, mounts: str) -> None:
    """Without /proc, without a place for temporary files, without /dev/null: a wiki works, and doctor says so."""
    other_user()
    words = ["-m", "luaproc", "doctor", "--lua", str(healthy), "--mediawiki", str(wiki)]
    script = f'{mounts} && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", sys.executable, *words],
        capture_output=True, text=True, timeout=600, check=False, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"this system gives no mount namespace: {done.stderr.strip()}")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert "A wiki would work with this luaPath." in done.stdout


@pytest.mark.parametrize(("enforce", "level"), [("1", "warning"), ("0", "ok"), (None, "ok")])
def test_selinux(healthy: Path, make: Make, place: Path, enforce: str | None, level: str) -> None:
    if enforce:
        write(place / "selinux" / "enforce", enforce)
    finding = check("selinux", make(healthy, selinux=place / "selinux"))
    assert finding.level == level
    assert ("ausearch" in finding.advice) == (level == "warning")


def test_selinux_label(healthy: Path, make: Make, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A label that a confined web server may not execute is named, with the command that changes it."""
    write(place / "selinux" / "enforce", "1")
    label = b"unconfined_u:object_r:user_home_t:s0\0"
    monkeypatch.setattr(os, "getxattr", lambda path, name: label)
    finding = check("selinux", make(healthy, selinux=place / "selinux"))
    assert "is user_home_t, which a confined web server may not execute" in finding.text
    assert f"chcon -t bin_t {os.path.realpath(healthy)}" in finding.advice
    monkeypatch.setattr(os, "getxattr", lambda path, name: label.replace(b"user_home_t", b"bin_t"))
    assert "user_home_t" not in check("selinux", make(healthy, selinux=place / "selinux")).text


def test_private_tmp(make: Make) -> None:
    assert check("place", make("/bin/sh")).level == "ok"
    lua = Path("/tmp") / f"luaproc-doctor-{os.getpid()}"
    try:
        finding = check("place", make(write(lua, "#!/bin/sh\n")))
    finally:
        lua.unlink()
    assert finding.level == "warning"
    assert "PrivateTmp" in finding.text
