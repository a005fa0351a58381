"""Plays PHP's part of a transcript again, to any server, and compares what comes with what came.

PHP's messages are sent as they were recorded, its answers to Lua's calls among them, each when its turn comes; only the
numbers of functions are the new server's (see `ids`). What counts as a difference is in `differences`.
"""

from __future__ import annotations

import shlex
import shutil
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from luaproc.host.connection import Connection
from luaproc.host.errors import ServerDied, ServerNotStarted, ServerTimeout
from luaproc.host.interpreter import default_server
from luaproc.host.process import HAS_LIMITS, SCRIBUNTO_CPU_LIMIT, SCRIBUNTO_MEMORY_LIMIT
from luaproc.transcripts.conversation import Conversation, PlacedFrame, follow
from luaproc.transcripts.differences import Difference, compare, difference, is_reply
from luaproc.transcripts.errors import TranscriptError
from luaproc.transcripts.ids import Ids, UnknownFunction, functions_in
from luaproc.transcripts.reader import Closed, End, Loose, RecordedFrame, Transcript
from luaproc.transcripts.show import ending
from luaproc.wire import serialization
from luaproc.wire.errors import RemoteProtocolError
from luaproc.wire.framing import unescape
from luaproc.wire.messages import Call, Error, LoadString, Message, Quit, Return, TestQuit, from_table
from luaproc.wire.values import FunctionRef, Table, Value

_ENDED_BY_PHP = (-signal.SIGTERM, -signal.SIGKILL)


@dataclass(slots=True)
class Replay:
    """What came of it.

    limits: of the server, in words.
    played: frames, both ways. differences: all of them, in order. stopped: why it could not go on to the end, in words;
    None if it did. note: what was left out, and why. lua_seconds: how long the server took, as PHP would see it.
    replies: by line, the server's messages, with the recording's numbers for functions.
    """

    transcript: Transcript
    server: list[str]
    limits: str = ""
    played: int = 0
    differences: list[Difference] = field(default_factory=list)
    stopped: str | None = None
    stopped_at: int = 0
    note: str | None = None
    lua_seconds: float = 0.0
    replies: dict[int, Message] = field(default_factory=dict)

    @property
    def same(self) -> bool:
        """Whether the server did as the recorded one."""
        return not self.differences and self.stopped is None


def own_server(transcript: Transcript, runtime: str | None = None) -> list[str]:
    """The command of our own server, with the options that the recorded one had from PHP."""
    command = default_server()
    options = {"runtime": runtime}
    main = next((n for n, word in enumerate(transcript.command) if word.endswith("mw_main.lua")), None)
    if main is not None:
        for option, value in zip(("interpreter-id", "int-size"), transcript.command[main + 2 :], strict=False):
            options[option] = value
    ref = _first_function(transcript)
    if ref is not None and ref.class_name:
        options["interpreter-id"] = str(ref.interpreter_id)
        options["function-class"] = ref.class_name.decode("utf-8", "surrogateescape")
    return command + [f"--{option}={value}" for option, value in options.items() if value]


def _first_function(transcript: Transcript) -> FunctionRef | None:
    for frame in transcript.frames:
        if frame.side == "responder" and b"interpreterId" in frame.body:
            try:
                for ref in functions_in(serialization.loads(unescape(frame.body))):
                    return ref
            except RemoteProtocolError:
                continue
    return None


def replay(
    transcript: Transcript,
    server: Sequence[str] | None = None,
    *,
    runtime: str | None = None,
    timeout: float | None = 60.0,
    cpu_limit: int | None = None,
    memory_limit: int | None = None,
) -> Replay:
    """Play PHP's part to a server, by default our own (with `runtime`), and compare.

    timeout: seconds that it may take for one frame. cpu_limit (seconds), memory_limit (bytes): of the server; by
    default those of the recorded one, and Scribunto's own where the recording names none: what PHP sends, modules
    among it, may be a stranger's. 0: none.

    Raises TranscriptError for a transcript in which PHP says what cannot be said again, ServerNotStarted.
    """
    conversation = follow(transcript)
    command = own_server(transcript, runtime) if server is None else list(server)
    _check(conversation)
    result = Replay(transcript, command)
    cpu, cpu_from = _limit(cpu_limit, transcript.cpu_limit, SCRIBUNTO_CPU_LIMIT)
    memory, memory_from = _limit(memory_limit, transcript.memory_limit, SCRIBUNTO_MEMORY_LIMIT)
    result.limits = (
        f"{f'{cpu:,} s' if cpu else 'no limit'} of CPU time ({cpu_from}), "
        f"{f'{memory:,} bytes' if memory else 'no limit'} of memory ({memory_from})"
    )
    if command and shutil.which(command[0]) is None:  # the shell that sets limits would end with status 127
        raise ServerNotStarted(f"the server {shlex.join(command)!r} cannot be started: there is no such executable")
    with Connection(command, timeout=timeout, cpu_limit=cpu, memory_limit=memory) as connection:
        player = _Player(result, connection, conversation)
        try:
            player.play(cpu is not None)
        except (ServerDied, ServerTimeout, RemoteProtocolError) as error:
            player.stop(str(error))
    return result


def _limit(asked: int | None, recorded: int | None, default: int) -> tuple[int | None, str]:
    """A limit of the server, None for none; and in words where it comes from."""
    if asked is not None:
        return asked or None, "as asked for"
    if recorded is not None:
        return recorded, "as recorded"
    return (default, "Scribunto's own") if HAS_LIMITS else (None, "as Scribunto's on this system")


def _check(conversation: Conversation) -> None:
    path, before = conversation.transcript.path, "responder"
    for step in conversation.steps:
        event = step.event
        if event.side == "host" and step.problem:
            if isinstance(event, Loose) and step is conversation.steps[-1]:
                continue  # PHP was interrupted
            raise TranscriptError(path, event.line, f"this message of PHP's cannot be played again: {step.problem}")
        if isinstance(event, RecordedFrame):
            if event.side == before:
                who, other = ("PHP", "Lua") if event.side == "host" else ("Lua", "PHP")
                raise TranscriptError(path, event.line, f"expected a message of {other}'s before this one of {who}'s")
            before = event.side


class _Player:
    def __init__(self, result: Replay, connection: Connection, conversation: Conversation) -> None:
        self.result = result
        self.connection = connection
        self.steps = conversation.steps
        self.ids = Ids()
        self.line = 1
        self.sent = 0.0
        self.last = self._unanswered()

    def play(self, with_cpu_limit: bool) -> None:
        for step in self.steps:
            if isinstance(step.event, Closed):
                continue
            self.line = step.event.line
            if step is self.last and not self._plays_the_end(with_cpu_limit):
                return
            if not isinstance(step.event, RecordedFrame):
                self.result.note = (
                    f"line {self.line}: the recording has no frame there, and nothing after it was played"
                )
                return
            if step.event.side == "host":
                if not self._send(step, step.event.body):
                    return
            elif not self._receive(step, step.event.body):
                return

    def stop(self, reason: str) -> None:
        """Something came that nothing can be compared with."""
        self.result.stopped, self.result.stopped_at = reason, self.line

    def _send(self, step: PlacedFrame, body: bytes) -> bool:
        try:
            body = self.ids.to_server(body)
        except UnknownFunction as error:
            self.stop(f"PHP uses function {error.id} of the recording, and this server has not given that one")
            return False
        sent = time.perf_counter()
        try:
            self.connection.send(body)
        except ServerDied:
            pass  # before it read this: whether we notice now or when an answer is expected is chance
        self.result.played += 1
        if isinstance(step.message, (Quit, TestQuit)):
            self._compare_end(ServerDied(self.connection.wait()))
            return False
        if step is self.last:
            self._expect_death()
            return False
        self.sent = sent
        return True

    def _receive(self, step: PlacedFrame, recorded_body: bytes) -> bool:
        body = self.connection.receive()
        self.result.lua_seconds += time.perf_counter() - self.sent
        self.sent = time.perf_counter()  # two in a row, from a server that does not keep to the protocol
        self.result.played += 1
        table = serialization.loads(unescape(body))
        message = from_table(table, "responder")
        recorded = step.message
        if recorded is None:
            self.stop(f"the recorded message cannot be understood: {step.problem}")
            return False
        self.ids.see(_contents(recorded))
        request = step.partner.message if step.partner and is_reply(recorded) else None
        for found in compare(recorded, message, request, self.ids.match):
            self.result.differences.append(difference(self.line, found))
        self._check_order(table)
        self.result.replies[self.line] = _with(message, request, self.ids)
        if is_reply(recorded) != is_reply(message):
            self.stop("the conversations part here: the one asks where the other answers")
            return False
        return True

    def _check_order(self, table: Table) -> None:
        """PHP takes `values` and `args` by position, whatever their keys say."""
        for name in (b"values", b"args"):
            keys = list(table.get(name) or ())
            if keys != sorted(keys):
                place = f"order of {name.decode()}"
                self.result.differences.append(Difference(self.line, place, "1 to n", ", ".join(map(str, keys[:20]))))

    def _unanswered(self) -> PlacedFrame | None:
        """PHP's last message, if nothing came back."""
        for step in reversed(self.steps):
            if isinstance(step.event, RecordedFrame):
                quits = isinstance(step.message, (Quit, TestQuit))
                return step if step.event.side == "host" and not quits else None
        return None

    def _plays_the_end(self, with_cpu_limit: bool) -> bool:
        end = self.result.transcript.end
        returncode = None if end is None else end.returncode
        if returncode is None or returncode in _ENDED_BY_PHP:
            why = "PHP ended the server" if returncode else "the recording does not say what became of it"
        elif returncode == -signal.SIGXCPU and not with_cpu_limit:
            why = "the server died of a CPU limit, and there is none now"
        else:
            return True
        self.result.note = f"line {self.line}: this message has no answer in the recording, and was not played: {why}"
        return False

    def _expect_death(self) -> None:
        try:
            body = self.connection.receive()
        except ServerDied as death:
            self._compare_end(death)
        else:
            self.result.differences.append(Difference(self.line, "the answer", self._recorded_end(), repr(body)[1:200]))

    def _compare_end(self, now: ServerDied) -> None:
        end = self.result.transcript.end
        if end is None or end.returncode is None:
            return
        then = ServerDied(end.returncode)
        if (then.status, then.signal) != (now.status, now.signal):  # as PHP tells them apart
            came = ending(End(0, 0.0, now.returncode))
            self.result.differences.append(Difference(end.line, "the end", self._recorded_end(), came))

    def _recorded_end(self) -> str:
        end = self.result.transcript.end
        return ending(end) if end else "nothing"


def _contents(message: Message) -> Value:
    if isinstance(message, Return):
        return message.values
    if isinstance(message, Call):
        return message.args
    return message.value if isinstance(message, Error) else None


def _with(message: Message, request: Message | None, ids: Ids) -> Message:
    """The message with the recording's numbers."""
    if isinstance(message, Return) and isinstance(request, LoadString):
        return Return(tuple(ids.recorded(value) if type(value) is int else value for value in message.values))
    if isinstance(message, Return):
        return Return(ids.to_recorded(message.values))
    if isinstance(message, Call):
        return Call(message.id, ids.to_recorded(message.args))
    if isinstance(message, Error):
        return Error(ids.to_recorded(message.value), message.trace, message.log)
    return message
