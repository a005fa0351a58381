"""Start a server, wait for it, and write down what it cost. A script of its own, run as

    python -I -S account.py ACCOUNTS BYTES SERVER...

ACCOUNTS: a file to which it appends `pid N` when the server was started, and `cpu SECONDS` when it ended: user and
system time from exec to the last instruction, as the kernel counted it. BYTES: the limit of virtual memory, as
`ulimit -v`; 0 keeps the one there is. Ends as the server does; SIGTERM goes to the server.

The server has our stdin and stdout themselves, so nothing of it is slower or counted twice. It is this script and not
sh that sets the limit, since sh would exec the server and its own time would be counted as the server's.
"""

import os
import select
import signal
import sys
from types import FrameType


def main(accounts: str, limit: int, server: "list[str]") -> None:
    """Never returns."""
    file = os.open(accounts, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if limit:
        import resource

        try:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        except ValueError:
            pass  # there is a lower one already, and only root may raise it
    # PHP sends SIGTERM, then closes its pipes. A server that PHP starts itself dies of the signal; one that gets it
    # from us would often see the end of its input first, and end in its own way, at another price. So we keep its
    # stdin open from our side until PHP has closed its stdout and there was no signal.
    keeps_open = os.open("/proc/self/fd/0", os.O_WRONLY | os.O_CLOEXEC)
    try:
        # Python ignores SIGPIPE; no server should find it so.
        pid = os.posix_spawnp(server[0], server, os.environ, setsigdef=(signal.SIGPIPE,))
    except OSError as error:
        sys.exit(f"{server[0]} cannot be started: {error.strerror}")

    def forward(number: int, frame: "FrameType | None") -> None:
        os.kill(pid, number)

    signal.signal(signal.SIGTERM, forward)
    os.write(file, b"pid %d\n" % pid)
    os.close(0)
    _wait(pid, keeps_open)
    # The server has ended: there is no process to pass a signal to.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _, status, usage = os.wait4(pid, 0)
    os.write(file, b"cpu %.6f\n" % (usage.ru_utime + usage.ru_stime))
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _wait(pid: int, keeps_open: int) -> None:
    """Until the server has ended; it is not yet waited for."""
    ended = os.pidfd_open(pid)
    poll = select.poll()
    poll.register(ended, select.POLLIN)
    poll.register(1, 0)  # POLLERR is reported without being asked for, when the reader has closed the pipe
    while True:
        ready = [descriptor for descriptor, _ in poll.poll()]
        if ended in ready:
            return
        poll.unregister(1)
        os.close(keeps_open)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
