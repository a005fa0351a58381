"""A fork server: a responder that is told what all page views need, and then forks for each of them.

A fork has all that the fork server loaded, under the same ids, and pipes of its own. It shares nothing with the
fork server and other forks: the kernel copies what one of them writes. Limits of memory stay as they are, and CPU time
begins at zero. `luaproc serve --forks-for PID` is one, which `luaproc.host.fork_server` starts; PHP knows of none.
"""

from luaproc.responder import limits, pipes, status
from luaproc.responder.bare_os import os

TYPE_CHECKING = False  # importing `typing` costs start-up time
if TYPE_CHECKING:
    from collections.abc import Callable

    from luaproc.responder.memory import Reserve

_FORK = b'return {["op"]="fork",["files"]="'
_REAP = b'return {["op"]="reap",["pid"]='
_REPLY = b'a:3:{s:2:"op";s:6:"return";s:7:"nvalues";i:1;s:6:"values";a:1:{i:1;i:%d;}}'
# The load leaves malloc with holes all over the heap, and a fork that fills them copies a page for each: 100 of the 440
# that a small page view copied. So strings fill them before the first fork, 16 KB of each size. Nothing refers to these
# strings: they go with the first collection of a fork's, long before memory is short.
_FILL = b"""
local rep, pcall = string.rep, pcall
local HEAD = 33 -- malloc's, Lua's, and the zero at the end
local sizes = {
	8192, 4096, 2048, 1024, 768, 512, 384, 320, 256, 224, 192, 176, 160, 144, 128, 112, 96, 80, 64, 48,
}
local function fill()
	local number = 100000 -- a string of its own each
	for each = 1, #sizes do
		local text = rep( 'x', sizes[each] - HEAD - 6 )
		for _ = 1, 16384 / sizes[each] do
			number = number + 1
			local _ = text .. number
		end
	end
end
return function () pcall( fill ) end
"""
_ACCESS = (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY | os.O_APPEND)


class ForkingPipes(pipes.Pipes):
    """`Pipes` whose `exchange` takes two messages more, each with one number as the answer.

    ``fork``, with the host's numbers of three files as ``"5,8,9"``, for stdin, stdout and stderr of the fork: its pid,
    or an error's number below zero. The fork returns from `exchange` with the first message of its own.
    ``reap``, with the pid of a fork that has ended: its status, as subprocess has it; -1 for all of them, and some
    number. Whoever has ended at a ``fork`` is reaped then.

    reserve: see `Pipes`. host: the process whose files these are. lua: the runtime, whose garbage is collected before
    the first fork, so that no fork copies the memory which is changed thereby.
    """

    def __init__(self, reserve: "Reserve", host: int, lua) -> None:  # type: ignore[no-untyped-def]
        super().__init__(reserve, status.open_reporter())
        self._host = host
        self._cpu_limit = limits.cpu_seconds()
        self._statuses: dict[int, int] = {}  # of forks that were reaped unasked
        self._tidy: tuple[Callable[[], object], ...] = (lua.gccollect, lua.execute(_FILL))

    def exchange(self, reply: bytes) -> "bytes | tuple[object, ...] | bool":
        # Of a class by its name: Lua calls this in a fork, too, which is of `Pipes`.
        message = pipes.Pipes.exchange(self, reply)
        while self.__class__ is ForkingPipes and isinstance(message, bytes):
            if message.startswith(_REAP):
                answer = self._reap(int(message[len(_REAP) : -1]))
            elif message.startswith(_FORK):
                answer = self._fork(message[len(_FORK) : -2].split(b","))
            else:
                break
            reply = _REPLY % answer if self.__class__ is ForkingPipes else b""
            self._turn -= 1  # of Lua's turns this is none
            message = pipes.Pipes.exchange(self, reply)
        return message

    def _fork(self, numbers: "list[bytes]") -> int:
        """The fork's pid; in the fork 0. Below zero: the number of an error."""
        for step in self._tidy:
            step()
        self._tidy = ()
        opened: list[int] = []
        try:
            for number, access in zip(numbers, _ACCESS, strict=True):
                path = b"/proc/%d/fd/%d" % (self._host, int(number))
                opened.append(os.open(path, access | os.O_CLOEXEC))
            self._reap_ended()
            pid = os.fork()
            if not pid:
                self._become_fork(opened)
        except OSError as error:
            return -(error.errno or 1)
        finally:
            for descriptor in opened:
                os.close(descriptor)
        return pid

    def _become_fork(self, opened: "list[int]") -> None:
        for number, descriptor in enumerate(opened):
            os.dup2(descriptor, number)
        # What /proc/self is, and a timer, a fork has anew.
        self.status = status.open_reporter()
        self._reserve.reopen()
        limits.start_cpu_clock(self._cpu_limit)
        self.__class__ = pipes.Pipes  # type: ignore[assignment]

    def _reap(self, pid: int) -> int:
        self._reap_ended()
        if pid not in self._statuses and pid > 0:
            try:
                self._statuses[pid] = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            except OSError:
                pass
        return self._statuses.pop(pid, 0)

    def _reap_ended(self) -> None:
        try:
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                self._statuses[ended[0]] = os.waitstatus_to_exitcode(ended[1])
        except OSError:  # no forks are left
            pass
