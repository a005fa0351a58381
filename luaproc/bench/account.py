"""Start a server, wait for it, and write down what it cost. A script of its own, run as

    python -I -S account.py ACCOUNTS BYTES SERVER...

ACCOUNTS: a file to which it appends `pid N` when the server was started, and `cpu SECONDS` when it ended: user and
system time from exec to the last instruction, as the kernel counted it. BYTES: the limit of virtual memory, as
`ulimit -v`; 0 keeps the one there is. Ends as the server does; SIGTERM goes to the server.

The server has our stdin and stdout themselves, so nothing of it is slower or counted twice. It is this script and not
sh that sets the limit, since sh would exec the server and its own time would be counted as the server's.
"""

import os
import signal
import sys
from types import FrameType


def main(accounts: str, limit: int, server: "list[str]") -> None:
    """Never returns."""
    file = os.open(accounts, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if limit:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    try:
        # Python ignores SIGPIPE; no server should find it so.
        pid = os.posix_spawnp(server[0], server, os.environ, setsigdef=(signal.SIGPIPE,))
    except OSError as error:
        sys.exit(f"{server[0]} cannot be started: {error.strerror}")

    def forward(number: int, frame: "FrameType | None") -> None:
        os.kill(pid, number)

    signal.signal(signal.SIGTERM, forward)
    os.write(file, b"pid %d\n" % pid)
    # PHP is to see the server's end, and not ours.
    os.close(0)
    os.close(1)
    _, status, usage = os.wait4(pid, 0)
    os.write(file, b"cpu %.6f\n" % (usage.ru_utime + usage.ru_stime))
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
