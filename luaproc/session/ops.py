"""The table of a session's ops: what each is called, does, and says of itself.

An op gets the session, what stands after its name, and the text that came with it by ``<<WORD``.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from luaproc.errors import visible
from luaproc.host import printing
from luaproc.host.errors import LuaError
from luaproc.host.functions import LuaFunction
from luaproc.install import files
from luaproc.session.errors import SessionError
from luaproc.session.failures import error_data, error_text
from luaproc.session.lines import Step, is_empty, split_op
from luaproc.session.op_table import OpTable, Outcome, Request, SessionOp, words_of
from luaproc.session.session import WIRE_MODES, Session, reloaded_text
from luaproc.session.syntax import encode, parse_answer, parse_functions, parse_values

_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
"""Of getStatus's CPU time, a second."""


def _lua(session: Session, request: Request) -> Outcome:
    if not request.argument:
        raise SessionError("expected Lua code after :lua")
    return Outcome(session.run_lua(request.argument, f"input {request.line}"))


def _fails(session: Session, request: Request) -> Outcome:
    if is_empty(request.argument):
        raise SessionError("expected a step after :fails")
    if split_op(request.argument)[0] == "fails":
        raise SessionError("expected a step that can fail after :fails, got :fails again")
    try:
        TABLE.execute(session, Step(request.line, request.argument))
    except LuaError as error:
        return Outcome(text=error_text(error), data={"error": error_data(error)})
    raise SessionError("this step was expected to fail, and did not")


def _load(session: Session, request: Request) -> Outcome:
    words = words_of(request.argument)
    if request.text is not None:
        if len(words) != 1:
            raise SessionError("expected a name for the text: :load NAME <<END")
        chunk = session.load(encode(request.text), _chunk_name(words[0]))
    elif len(words) in (1, 2):
        chunk = session.load_file(Path(words[0]).expanduser(), _chunk_name(words[1]) if len(words) == 2 else "")
    else:
        raise SessionError("expected a file and perhaps a name: :load FILE [NAME]")
    held = session.held[chunk.id]
    return Outcome(text=f"chunks[{chunk.id}]  {_line(held.name)}", data={"id": chunk.id, "name": held.name})


def _chunk_name(word: str) -> str:
    return word if word[:1] in ("=", "@") else "=" + word


def _module(session: Session, request: Request) -> Outcome:
    words = words_of(request.argument)
    if len(words) not in (1, 2):
        raise SessionError("expected a file and perhaps a name: :module FILE [NAME]")
    path = Path(words[0]).expanduser()
    variable = words[1] if len(words) == 2 else re.sub(r"\W", "_", path.stem, flags=re.ASCII)
    if printing.name(encode(variable)) != variable:
        raise SessionError(f"expected a name that Lua can have for the module, got {variable!r}: :module FILE NAME")
    values = session.load_module(path, variable)
    module = values[0] if values else None
    data = {"module": variable, "values": printing.for_json(values)}
    if not isinstance(module, dict):
        shown = printing.values(values) or "nothing"
        return Outcome(text=f"{_line(words[0])} returned {shown}, not a table of functions", data=data)
    functions = sorted(printing.field(variable, key) for key, value in module.items() if isinstance(value, LuaFunction))
    goes_on = "call its functions:" if functions else "it has no functions"
    lines = [f"{_line(words[0])} is in {variable}; {goes_on}", *(f"    {name}(…)" for name in functions)]
    return Outcome(text="\n".join(lines), data=data)


def _reload(session: Session, _request: Request) -> Outcome:
    if not session.files:
        raise SessionError("no file was loaded: :load FILE or :module FILE does")
    return Outcome(text=reloaded_text(session.reload()))


def _watch(session: Session, request: Request) -> Outcome:
    if request.argument not in ("", "on", "off"):
        raise SessionError(f"expected on or off, got {request.argument!r}")
    session.watches = request.argument != "off"
    return Outcome(text=f"watch {'on' if session.watches else 'off'}")


def _time(session: Session, request: Request) -> Outcome:
    if not request.argument:
        raise SessionError("expected Lua code after :time")
    before, began = session.interpreter.get_status(), time.perf_counter()
    values = session.run_lua(request.argument, f"input {request.line}")
    seconds, after = time.perf_counter() - began, session.interpreter.get_status()
    data: dict[str, object] = {"seconds": seconds}
    text = f"took {_duration(seconds)}"
    if before and after and before.time is not None and after.time is not None:
        data["ticks"] = after.time - before.time
        text += f", of which the server worked {(after.time - before.time) / _TICKS:.2f} s"
    return Outcome(values, text, data)


def _duration(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


def _call(session: Session, request: Request) -> Outcome:
    word, rest = _first_word(request.argument)
    if not word:
        raise SessionError("expected the id or the name of a function: :call ID [VALUES]")
    return Outcome(session.call(session.find(word), parse_values(rest)))


def _register(session: Session, request: Request) -> Outcome:
    name, rest = _first_word(request.argument)
    functions = parse_functions(rest)
    if not name or not functions:
        raise SessionError("expected a name and functions: :register NAME FUNCTION=ANSWER …")
    session.register(name, functions)
    return Outcome(text="registered " + ", ".join(f"{_line(name)}.{key}" for key in functions))


def _wrap(session: Session, request: Request) -> Outcome:
    functions = parse_functions(request.argument)
    if len(functions) != 1:
        raise SessionError("expected one function: :wrap NAME[=ANSWER]")
    [(name, answer)] = functions.items()
    function = session.wrap(name, answer)
    return Outcome(text=f"chunks[{function.id}]  {name}", data={"id": function.id, "name": name})


def _answer(session: Session, request: Request) -> Outcome:
    answer = parse_answer(request.argument)
    if answer.kind == "ask":
        raise SessionError("expected an answer, got '?'")
    session.answers.append(answer)
    count = len(session.answers)
    return Outcome(text=f"{count} answer{'s' * (count > 1)} waiting")


def _status(session: Session, _request: Request) -> Outcome:
    status = session.interpreter.get_status()
    if status is None:
        return Outcome(text="the server says nothing of its process", data={"status": None})
    parts = {
        "pid {}": status.pid,
        "CPU time {} ticks": status.time,
        "{:,} bytes virtual": status.vsize,
        "{:,} bytes resident": status.rss,
    }
    text = ", ".join(form.format(value) for form, value in parts.items() if value is not None)
    data = {"pid": status.pid, "time": status.time, "vsize": status.vsize, "rss": status.rss}
    return Outcome(text=text, data={"status": data})


def _cleanup(session: Session, request: Request) -> Outcome:
    words = words_of(request.argument)
    if words and words[0] != "keep":
        raise SessionError("expected :cleanup or :cleanup keep ID …")
    dropped = session.cleanup({session.find(word) for word in words[1:]})
    kept = len(session.held)
    return Outcome(text=f"dropped {dropped}, kept {kept}", data={"dropped": dropped, "kept": sorted(session.held)})


def _chunks(session: Session, _request: Request) -> Outcome:
    rows = []
    for number, held in sorted(session.held.items()):
        typed = visible(encode(" ".join(held.text.split())))
        rows.append(f"{number:4}  {_line(held.name):24} {typed[:60]}".rstrip())
    data = [{"id": number, "name": held.name} for number, held in sorted(session.held.items())]
    return Outcome(text="\n".join(rows) or "none", data={"chunks": data})


def _raw(session: Session, request: Request) -> Outcome:
    if not request.argument:
        raise SessionError('expected an expression: :raw {["op"]="getStatus"}')
    return Outcome(session.send(encode(request.argument)))


def _wire(session: Session, request: Request) -> Outcome:
    if request.argument and request.argument not in WIRE_MODES:
        raise SessionError(f"expected one of {', '.join(WIRE_MODES)}, got {request.argument!r}")
    session.wire = request.argument or session.wire
    return Outcome(text=f"wire {session.wire}")


def _save(session: Session, request: Request) -> Outcome:
    words = words_of(request.argument)
    if len(words) != 1:
        raise SessionError("expected a file: :save FILE")
    text = "".join(step + "\n" for step in session.record)
    files.write(Path(words[0]).expanduser(), encode(text))
    return Outcome(text=f"{len(session.record)} steps in {_line(words[0])}")


def _restart(session: Session, _request: Request) -> Outcome:
    files = session.restart()
    text = f"a fresh server, pid {session.interpreter.connection.pid}"
    if session.libraries:
        text += "; registered again: " + ", ".join(map(_line, session.libraries))
    if files:
        text += f"; {reloaded_text(files)}"
    return Outcome(text=text)


def _testquit(session: Session, _request: Request) -> Outcome:
    return Outcome(text=str(session.quit(test=True)))


def _quit(session: Session, _request: Request) -> Outcome:
    session.leaving = True
    return Outcome(text=str(session.quit()) if session.alive else "")


def _line(text: str) -> str:
    return visible(encode(text))


def _help(session: Session, request: Request) -> Outcome:
    return TABLE.help(session, request)


def _first_word(text: str) -> tuple[str, str]:
    """A word, or what stands in quotes; and the rest."""
    match = re.match(r'\s*(?:"([^"]*)"|(\S+))\s*', text)
    return ((match[1] or match[2] or ""), text[match.end() :]) if match else ("", "")


_ANSWERS = """
An answer is  VALUE       true, 12, "text", {a=1, "b"}, chunks[3]
              (VALUES)    several values, or none: ("a", 2)  ()
              ...         what the function was given
              error("…")  an error
              call(ID)    what that Lua function returns for the same arguments
              ?           what you say when it is called, or the next :answer"""

OPS: dict[str, SessionOp[Session]] = {
    "load": SessionOp(_load, "FILE [NAME]", here=True, help="""\
Compile a file, as PHP does; it is not called.
NAME is what errors call it (with = or @ before it, as Lua has it).
The text can also stand here, up to a line that is the word after <<:
    :load Module:Hello <<END
    return { hello = function() return 'hello' end }
    END"""),
    "module": SessionOp(_module, "FILE [NAME]", """\
Load a file as a module and call it.
What it returns is in the global NAME (by default the file's name) then.
    :module Greeting.lua
    Greeting.hello{args={"you"}}"""),
    "reload": SessionOp(_reload, "", "Load files anew that were loaded before.\n"
                 "Those that were called are called again."),
    "watch": SessionOp(_watch, "[on|off]", "Do :reload by itself, for files that changed.", server=False),
    "call": SessionOp(_call, "ID [VALUES]", """\
Call a function by its number or its name.
Names are those of :chunks; the part after the last dot is enough.
Values are Lua's, with commas or spaces between them:
    :call 2 "text" 12, true, nil, {a=1, "b"}, chunks[3]"""),
    "register": SessionOp(_register, "NAME FN=ANSWER …", """\
Register PHP functions and their answers.
They are in the global table NAME then.
    :register php exists=true title=("Lua", 12) fail=error("no") ask=?""" + _ANSWERS),
    "wrap": SessionOp(_wrap, "NAME[=ANSWER]", """\
Make a Lua function that calls PHP.
This is wrapPhpFunction. :call it, or pass it on as chunks[ID].""" + _ANSWERS),
    "answer": SessionOp(_answer, "ANSWER", """\
Have an answer ready for the next call that asks.
Those ask that were registered with ?.
Several wait in line. Scripts need them: there is no person to ask.
Here, several values need no parentheses.""" + _ANSWERS, server=False, nested=False),
    "status": SessionOp(_status, "", "Ask the server about its process (getStatus)."),
    "chunks": SessionOp(_chunks, "", "List the functions held here, and their names.\n"
                 "Each stays alive in the server until :cleanup.", server=False, saved=False),
    "cleanup": SessionOp(_cleanup, "[keep ID …]", "Drop every function but these (cleanupChunks)."),
    "raw": SessionOp(_raw, "EXPR", """\
Send a message written by hand.
The body is sent as it stands, and the reply's values are shown.
    :raw {["op"]="call", ["id"]=1, ["nargs"]=0, ["args"]={}}"""),
    "time": SessionOp(_time, "CODE", """\
Run Lua code and tell how long it took.
The time of a clock on the wall, PHP functions that it calls included; and the
server's CPU time, which the system counts in hundredths of a second."""),
    "lua": SessionOp(_lua, "CODE", "Run Lua code, also while Lua waits for an answer."),
    "fails": SessionOp(_fails, "STEP", """\
Do a step that must fail with a Lua error.
    :fails error("x")
    :fails :call 2 nil""", nested=False),
    "wire": SessionOp(_wire, "[on|short|off]", """\
Show every frame, or the beginning of each.
A frame is its header (16 digits, shown in two parts) and its body.
What cannot be printed is \\xHH, so no control byte reaches the terminal.""", server=False),
    "save": SessionOp(_save, "FILE", """\
Write the steps so far as a script.
`luaproc session FILE` does them again. A step that failed in Lua gets :fails
before it; the answers you gave become :answer lines. Steps done while Lua
waited for an answer are left out.""", server=False, saved=False),
    "restart": SessionOp(_restart, "", "End the server and start a fresh one.\n"
                  "Its chunks are gone; libraries are registered again, with their answers, and\n"
                  "modules loaded anew.",
                  server=False, nested=False),
    "testquit": SessionOp(_testquit, "", "Tell the server to fail, for testing: status 42.", nested=False),
    "help": SessionOp(_help, "[OP]", "Show this, or more about one op.", server=False, saved=False),
    "quit": SessionOp(_quit, "", "Tell the server to end (quit), and leave.", server=False, nested=False, saved=False),
}  # fmt: skip
"""Every op of a session, in the order in which ``:help`` lists them."""

TABLE: OpTable[Session] = OpTable(
    OPS,
    (
        "Lua code is loaded and called; an expression shows its values.",
        "A local of one step lives on for the next, as a global; _ is the last value.",
    ),
)
