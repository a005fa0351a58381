"""Several servers for many callers: `InterpreterPool` for threads, `AsyncInterpreterPool` for tasks.

Both start a server when a caller comes and none is idle, up to their size; then callers wait. A server that died, in
the hands of a caller or while it was idle, is not handed out again, and another one takes its place.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import TracebackType
from typing import Any, Generic, TypeVar, overload

from luaproc.host.async_interpreter import AsyncInterpreter
from luaproc.host.core import ProtocolCore, check_options, must_be
from luaproc.host.errors import PoolClosed, PoolTimeout
from luaproc.host.interpreter import Interpreter

L = TypeVar("L", bound=ProtocolCore[Any])
T = TypeVar("T")


class _Accounts(Generic[L]):
    """What a pool remembers: who is idle, and what each interpreter is handed out as."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[L] = []  # the one that came back last is the next to go: its memory is warm
        self._handed: dict[L, Any] = {}
        self._closed = False

    def take(self) -> tuple[tuple[L, Any] | None, list[L]]:
        """An idle interpreter and what is handed out for it, if there is one; and those that died while they were idle.

        Raises PoolClosed.
        """
        dead: list[L] = []
        with self._lock:
            if self._closed:
                raise PoolClosed("the pool was closed: it hands out no interpreters any more")
            while self._idle:
                found = self._idle.pop()
                if _usable(found):
                    return (found, self._handed[found]), dead
                del self._handed[found]
                dead.append(found)
        return None, dead

    def add(self, interpreter: L, handed: Any) -> tuple[L, Any]:
        """Count a new one in. Raises PoolClosed."""
        handed = interpreter if handed is None else handed
        with self._lock:
            if self._closed:
                raise PoolClosed("the pool was closed while an interpreter was started")
            self._handed[interpreter] = handed
        return interpreter, handed

    def give_back(self, interpreter: L) -> bool:
        """Whether it goes on; one that died, or comes back to a closed pool, does not."""
        with self._lock:
            if self._closed or not _usable(interpreter):
                self._handed.pop(interpreter, None)
                return False
            self._idle.append(interpreter)
            return True

    def close(self) -> list[L]:
        """Everyone, the handed out as well."""
        with self._lock:
            self._closed = True
            everyone = list(self._handed)
            self._handed.clear()
            self._idle.clear()
            return everyone


def _usable(interpreter: ProtocolCore[Any]) -> bool:
    return interpreter.connection.alive and interpreter.connection.running


def _checked(size: object) -> int:
    must_be(size, int, "size", "a number of servers")
    assert isinstance(size, int)
    if size < 1:
        raise ValueError(f"size: expected 1 server or more, got {size}")
    return size


class InterpreterPool(Generic[T]):
    """Interpreters for the threads of a program: as many servers as asked, each replaced when it died.

    size: the most servers that there are at one time; each is started when a caller comes and none is idle. setup:
    called with each new interpreter, to register libraries and load modules; what it returns, unless that is None, is
    what `acquire` gives instead of the interpreter. options: those of `Interpreter`.

    A server keeps its globals from one caller to the next.
    """

    @overload
    def __init__(
        self: InterpreterPool[Interpreter],
        size: int,
        *,
        setup: Callable[[Interpreter], None] | None = None,
        **options: Any,
    ) -> None: ...

    @overload
    def __init__(self, size: int, *, setup: Callable[[Interpreter], T], **options: Any) -> None: ...

    def __init__(self, size: int, *, setup: Callable[[Interpreter], Any] | None = None, **options: Any) -> None:
        self._slots = threading.BoundedSemaphore(_checked(size))
        check_options(setup=setup)
        self._setup = setup
        self._options = options
        self._accounts: _Accounts[Interpreter] = _Accounts()

    @contextmanager
    def acquire(self, timeout: float | None = None) -> Iterator[T]:
        """An interpreter for the time of a ``with`` block, or what `setup` made of it.

        timeout: seconds to wait for one; None waits until there is one. Raises PoolTimeout, PoolClosed, and what
        starting an `Interpreter` and `setup` raise.
        """
        if not self._slots.acquire(timeout=timeout):
            raise PoolTimeout(f"no interpreter of the pool became free within {timeout:g} seconds")
        try:
            interpreter, handed = self._take()
            try:
                yield handed
            finally:
                if not self._accounts.give_back(interpreter):
                    interpreter.terminate()
        finally:
            self._slots.release()

    def close(self) -> None:
        """End every server. A call that another thread waits in raises `ServerDied`; `acquire` raises PoolClosed."""
        for interpreter in self._accounts.close():
            interpreter.terminate()

    def __enter__(self) -> InterpreterPool[T]:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _take(self) -> tuple[Interpreter, T]:
        found, dead = self._accounts.take()
        for interpreter in dead:
            interpreter.terminate()
        if found is not None:
            return found
        interpreter = Interpreter(**self._options)
        try:
            return self._accounts.add(interpreter, None if self._setup is None else self._setup(interpreter))
        except BaseException:
            interpreter.terminate()
            raise


class AsyncInterpreterPool(Generic[T]):
    """An `InterpreterPool` for the tasks of an event loop. `setup` is a coroutine function or a function."""

    @overload
    def __init__(
        self: AsyncInterpreterPool[AsyncInterpreter],
        size: int,
        *,
        setup: Callable[[AsyncInterpreter], Coroutine[Any, Any, None] | None] | None = None,
        **options: Any,
    ) -> None: ...

    @overload
    def __init__(
        self, size: int, *, setup: Callable[[AsyncInterpreter], Coroutine[Any, Any, T]], **options: Any
    ) -> None: ...

    def __init__(self, size: int, *, setup: Callable[[AsyncInterpreter], Any] | None = None, **options: Any) -> None:
        self._slots = asyncio.BoundedSemaphore(_checked(size))
        check_options(setup=setup)
        self._setup = setup
        self._options = options
        self._accounts: _Accounts[AsyncInterpreter] = _Accounts()

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[T]:
        """An interpreter for the time of an ``async with`` block, or what `setup` made of it.

        Raises PoolClosed, and what starting an `AsyncInterpreter` and `setup` raise.
        """
        async with self._slots:
            interpreter, handed = await self._take()
            try:
                yield handed
            finally:
                if not self._accounts.give_back(interpreter):
                    await interpreter.terminate()

    async def close(self) -> None:
        """End every server. A call that another task waits in raises `ServerDied`; `acquire` raises PoolClosed."""
        await asyncio.gather(*(interpreter.terminate() for interpreter in self._accounts.close()))

    async def __aenter__(self) -> AsyncInterpreterPool[T]:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _take(self) -> tuple[AsyncInterpreter, T]:
        found, dead = self._accounts.take()
        for interpreter in dead:
            await interpreter.terminate()
        if found is not None:
            return found
        interpreter = AsyncInterpreter(**self._options)
        try:
            handed: Any = None if self._setup is None else self._setup(interpreter)
            return self._accounts.add(interpreter, await handed if hasattr(type(handed), "__await__") else handed)
        except BaseException:
            await interpreter.terminate()
            raise
