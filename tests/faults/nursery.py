"""Runs the responder on many inputs, a process for each, without starting a Python for each.

    python -I -S nursery.py PATH_LIST RUNTIME < inputs > reports

imports everything once, then forks for each input: the child gets pipes as descriptors 0, 1 and 2 and calls `serve`,
as the executable does. 4 ms an input instead of 25. An input is its length (8 hexadecimal digits) and its bytes; a
report is the wait status, then stdout and stderr, each with its length before it (8 hexadecimal digits all).
"""

import os
import select
import signal
import sys
import time

SECONDS = 300  # more than any input needs on a busy machine; a child that takes longer hangs, or sleeps
CPU = 5


def main(path: str, runtime: str) -> None:
    import resource  # noqa: F401  (which --max-cpu needs)

    sys.path[:0] = path.split(os.pathsep)
    from luaproc.responder import runtime as runtimes
    from luaproc.responder.serve import serve

    runtimes.new_runtime(runtime)
    inputs, reports = sys.stdin.buffer, sys.stdout.buffer
    while head := inputs.read(8):
        given = inputs.read(int(head, 16))
        stdin, stdout, stderr = os.pipe(), os.pipe(), os.pipe()
        pid = os.fork()
        if not pid:
            try:
                for descriptor, pipe in ((0, stdin[0]), (1, stdout[1]), (2, stderr[1])):
                    os.dup2(pipe, descriptor)
                os.closerange(3, 64)
                serve(["--runtime", runtime, "--max-cpu", str(CPU), "--max-memory", "100M"])
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                os._exit(99)
        for descriptor in (stdin[0], stdout[1], stderr[1]):
            os.close(descriptor)
        status, out, err = converse(pid, given, stdin[1], stdout[0], stderr[0])
        for part in (b"%08x" % status, b"%08x" % len(out), out, b"%08x" % len(err), err):
            reports.write(part)
        reports.flush()


def converse(pid: int, given: bytes, stdin: int, stdout: int, stderr: int) -> "tuple[int, bytes, bytes]":
    """Feed the child, take what it writes until it closes both, and its wait status; a child that hangs is killed."""
    os.set_blocking(stdin, False)
    poll = select.poll()
    poll.register(stdin, select.POLLOUT)
    poll.register(stdout, select.POLLIN)
    poll.register(stderr, select.POLLIN)
    taken = {stdout: bytearray(), stderr: bytearray()}
    left = memoryview(given)
    open_ones = {stdout, stderr}
    feeding = True
    deadline = time.monotonic() + SECONDS
    while open_ones:
        ready = poll.poll(max(0.0, deadline - time.monotonic()) * 1000)
        if not ready:
            os.kill(pid, signal.SIGALRM)  # no one else sends it
            break
        for descriptor, _ in ready:
            if descriptor == stdin:
                try:
                    left = left[os.write(stdin, left) :] if left else left
                    done = not left
                except BlockingIOError:
                    continue
                except OSError:
                    done = True
                if done:
                    poll.unregister(stdin)
                    os.close(stdin)
                    feeding = False
                continue
            data = os.read(descriptor, 65536)
            if data:
                taken[descriptor] += data
            else:
                poll.unregister(descriptor)
                open_ones.discard(descriptor)
    if feeding:
        os.close(stdin)
    os.close(stdout)
    os.close(stderr)
    return os.waitpid(pid, 0)[1], bytes(taken[stdout]), bytes(taken[stderr])


if __name__ == "__main__":
    main(*sys.argv[1:])
