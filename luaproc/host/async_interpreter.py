"""PHP's part of the conversation in an asyncio event loop: `AsyncInterpreter`."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from types import TracebackType
from typing import Any

from luaproc.host.async_connection import AsyncConnection
from luaproc.host.core import (
    REQUIRE,
    Answering,
    Fallback,
    PhpFunction,
    ProtocolCore,
    Status,
    Steps,
    T,
    check_options,
    file_text,
    must_be,
)
from luaproc.host.errors import ServerCancelled
from luaproc.host.functions import AsyncLuaFunction
from luaproc.host.interpreter import default_server, in_the_c_locale
from luaproc.host.process import FrameHook
from luaproc.wire.messages import Message, Quit, TestQuit, encode_for_responder
from luaproc.wire.values import Value


class _Turns:
    """Where calls take turns: one for an interpreter's calls, and one for those that a callback makes while it runs.

    owner: the interpreter. outer: of the callback around this one, whoever's interpreter it answers.
    """

    __slots__ = ("_waiting", "busy", "open", "outer", "owner")

    def __init__(self, owner: object, outer: _Turns | None) -> None:
        self.owner = owner
        self.outer = outer
        self.open = True
        self.busy = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def acquire(self) -> None:
        """Wait for the turn of this call."""
        if not self.busy:
            self.busy = True
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except BaseException:
            if turn.done() and not turn.cancelled():  # it came, and who waited for it was cancelled
                self.release()
            raise

    def release(self) -> None:
        """The next one's turn."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.busy = False

    async def close(self) -> None:
        """The callback is through: once the calls are that it made and did not wait for, later ones are not its own."""
        if self.busy:
            await self.acquire()
            self.open = False
            self.release()
        self.open = False


# Of the callback that runs in this context. A task that it starts inherits it, and may call Lua as the callback may.
_callback: ContextVar[_Turns | None] = ContextVar("luaproc_callback", default=None)


class AsyncInterpreter(ProtocolCore[AsyncLuaFunction]):
    """An `Interpreter` for asyncio: the same arguments and names, and what talks to the server is a coroutine.

    Callbacks, `fallback` and the loader of `set_loader` may be coroutine functions. No threads: the event loop waits
    for the server's pipes. ``on_interrupt`` is missing, since Ctrl-C cancels tasks in asyncio.

    Several tasks may use it: a call waits until the call of another task is through, and with it all callbacks. From
    within a callback, and from tasks that it starts and waits for, Lua may be called again; another task's call that a
    callback waits for would wait for ever.

    Cancelling a call that has begun ends the server, whose next frame would be the answer to it: every later call
    raises `ServerCancelled`. Cancelling a call that waits for its turn costs nothing.
    """

    connection: AsyncConnection

    def __init__(
        self,
        server: Sequence[str] | None = None,
        *,
        timeout: float | None = 60.0,
        cpu_limit: int | None = None,
        memory_limit: int | None = None,
        encoding: str | None = "utf-8",
        errors: str = "surrogateescape",
        lists: bool = True,
        fallback: Fallback | None = None,
        on_frame: FrameHook | None = None,
        stderr: str | None = None,
        env: Mapping[str, str] | None = None,
        cwd: str | None = None,
        new_session: bool = False,
    ) -> None:
        check_options(
            timeout=timeout,
            cpu_limit=cpu_limit,
            memory_limit=memory_limit,
            encoding=encoding,
            errors=errors,
            fallback=fallback,
            on_frame=on_frame,
            stderr=stderr,
            env=env,
            cwd=cwd,
        )
        server = default_server() if server is None else server
        super().__init__(
            lambda number, name: AsyncLuaFunction(number, name, self, self._called_as_function),
            encoding,
            errors,
            lists,
            fallback,
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._turns = _Turns(self, None)
        self.connection = AsyncConnection(
            server,
            timeout=timeout,
            cpu_limit=cpu_limit,
            memory_limit=memory_limit,
            on_frame=on_frame,
            stderr=stderr,
            env=in_the_c_locale(server, env),
            cwd=cwd,
            new_session=new_session,
        )

    async def load_string(self, text: str | bytes, chunk_name: str | bytes = "=chunk") -> AsyncLuaFunction:
        """Compile Lua code; see `Interpreter.load_string`."""
        return await self._take(self._loading(text, chunk_name))

    async def load_file(self, path: str | os.PathLike[str], chunk_name: str | bytes | None = None) -> AsyncLuaFunction:
        """`load_string` of a file's text; see `Interpreter.load_file`. Reading the file blocks."""
        return await self.load_string(*file_text(path, chunk_name))

    async def set_loader(self, loader: Callable[[str], str | bytes | Awaitable[str | bytes | None] | None]) -> None:
        """Let `require` be answered by a function or a coroutine function; see `Interpreter.set_loader`."""

        must_be(loader, Callable, "loader", "a callable")

        async def load(name: Any) -> Any:
            text = loader(self._convert.name(name))
            if not isinstance(text, (str, bytes)) and text is not None:
                text = await text
            return None if text is None else await self.load_string(text, b"=" + self._convert.text(name))

        await self.call(await self.load_string(REQUIRE, "=require"), await self.wrap_php_function(load, "require"))

    async def call(self, function: AsyncLuaFunction, *args: Any) -> list[Any]:
        """Call a Lua function; the list of its results, nils as None. ``await function(...)`` does the same."""
        return await self._take(self._calling(function, args))

    async def call_at_the_end(self, function: AsyncLuaFunction, *args: Any) -> list[Any]:
        """`call`, without the cleanup before it, which a server that ends soon does not need."""
        return await self._take(self._calling(function, args, cleans=False))

    async def tell(self, function: AsyncLuaFunction, *args: Any) -> None:
        """Call a Lua function, and forget its results: `Interpreter.tell`, but at once."""
        await self.call(function, *args)

    async def register_library(self, name: str, functions: Mapping[str, PhpFunction | None]) -> None:
        """Put Python callables, which may be coroutine functions, into the global Lua table `name`.

        None is a function that `fallback` answers. Raises TypeError for what cannot be called.
        """
        await self._take(self._registering(name, functions))

    async def wrap_php_function(self, function: PhpFunction | None, name: str = "anonymous") -> AsyncLuaFunction:
        """A Lua function that calls a Python callable (or `fallback`, for None, which sees the name)."""
        return await self._take(self._wrapping(function, name))

    async def get_status(self) -> Status | None:
        """What the server says of its process; None where it cannot say."""
        return await self._take(self._asking_status())

    async def cleanup_chunks(self) -> None:
        """Make the server forget what Python dropped. It happens by itself before every `load_string` and `call`."""
        await self._take(self._cleaning())

    async def quit(self) -> int:
        """Ask the server to end, and wait for it. Its exit status as subprocess gives it: 0 if all is well."""
        return await self._last_words(Quit())

    async def testquit(self) -> int:
        """Ask the server to fail. Its exit status: 42 if all is well."""
        return await self._last_words(TestQuit())

    async def terminate(self) -> None:
        """End the server with SIGTERM, as PHP does. A call that another task waits in raises `ServerDied`."""
        await self.connection.terminate()

    async def __aenter__(self) -> AsyncInterpreter:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.terminate()

    async def request(self, message: Message) -> tuple[Value, ...]:
        """Send any request message, answer the server's calls, give the reply's values as the wire has them."""
        return await self.request_body(encode_for_responder(message))

    async def request_body(self, body: bytes) -> tuple[Value, ...]:
        """`request` with a hand-written body: a Lua expression, sent as it is."""
        return await self._take(self._requesting(body))

    def _called_as_function(self, function: AsyncLuaFunction, *args: Any) -> Any:
        return self._take(self._calling(function, args))

    async def _take(self, steps: Steps[T]) -> T:
        """Take the steps of a conversation, while others run; other tasks' calls wait until they are through."""
        turns = await self._turn()
        unanswered = self._unanswered
        connection = self.connection
        try:
            step = next(steps)
            while True:
                if isinstance(step, bytes):
                    step = steps.send(await connection.exchange(step))
                    continue
                try:
                    result = await self._result(step)
                except Exception as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(result)
        except StopIteration as end:
            value: T = end.value
            return value
        except BaseException as error:
            if self._violation is not None:
                await connection.fail(self._violation)
            elif self._unanswered != unanswered:
                # After any exception the server's next frame is not the reply that the next request waits for.
                if isinstance(error, Exception):
                    await connection.terminate()
                elif isinstance(error, asyncio.CancelledError):
                    await connection.lose(ServerCancelled())
                else:
                    connection.kill(ServerCancelled())
            steps.close()
            raise
        finally:
            turns.release()

    async def _turn(self) -> _Turns:
        """The turns that this call has to take part in; it is its turn."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:
            self.connection.adopt(loop)
            if self._unanswered:
                # The earlier event loop ended in the middle of a call.
                self.connection.kill(ServerCancelled())
                self._unanswered = 0
            self._loop, self._turns = loop, _Turns(self, None)
        while True:
            turns = _callback.get()
            while turns is not None and not (turns.owner is self and turns.open):
                turns = turns.outer
            turns = turns or self._turns
            await turns.acquire()
            if turns.open:
                return turns
            turns.release()

    async def _result(self, step: Answering) -> Any:
        """What a callback returns, awaited where it can be."""
        turns = _Turns(self, _callback.get())
        token = _callback.set(turns)
        try:
            result = step.function(*step.args)
            if hasattr(type(result), "__await__"):
                # With each level of nesting the way from the event loop to the innermost callback would be longer,
                # until it is longer than Python's stack: from the second on, each has a task of its own.
                result = await (result if self.depth == 1 else asyncio.ensure_future(result))
        except Exception:
            await turns.close()
            raise
        else:
            await turns.close()
            return result
        finally:
            turns.open, turns.owner = False, None  # tasks that outlive the callback still have it
            try:
                _callback.reset(token)
            except ValueError:
                pass  # this coroutine was dropped by an event loop that ended, and closed somewhere else

    async def _last_words(self, message: Message) -> int:
        turns = await self._turn()
        try:
            await self.connection.send(encode_for_responder(message))
            return await self.connection.wait()
        except asyncio.CancelledError:
            await self.connection.lose(ServerCancelled())
            raise
        finally:
            turns.release()
