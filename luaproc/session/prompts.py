"""The terminal: prompt-toolkit's editing where it is installed (``luaproc[session]``), Python's `input` otherwise."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from luaproc.errors import readable
from luaproc.host.printing import is_dumb
from luaproc.session import history

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.key_binding import KeyPressEvent

    from luaproc.session.run import Prompt, Ready


Complete = Callable[[str], tuple[int, list[str]]]
"""The candidates for the word at the end of a text, and where that word starts."""


def open_prompt(complete: Complete, history_name: str) -> Prompt:
    """The best prompt that there is: what cannot edit a line gets one without escape sequences. history_name: see
    `luaproc.session.history.path`."""
    if sys.stdin.isatty() and sys.stdout.isatty() and not is_dumb():
        try:
            return ToolkitPrompt(complete, history_name)
        except ImportError:
            pass
    return PlainPrompt(complete, history_name)


def _continuation(width: int) -> str:
    """What stands before a further line: below the end of the prompt."""
    return "... ".rjust(width)


class _Terminal:
    """What both prompts do alike."""

    def say(self, text: str) -> None:
        print(readable(text))

    def agreed(self, question: str) -> bool:
        try:
            answer = input(f"\n{question} [y/N] ")
        except (KeyboardInterrupt, EOFError):
            print()
            return True
        return answer.strip().lower() in ("y", "yes")


class PlainPrompt(_Terminal):
    """`input`, with readline's editing, history and completion where this Python has it."""

    def __init__(self, complete: Complete, history_name: str) -> None:
        self._history = history.path(history_name)
        self._candidates = complete
        self._found: list[str] = []
        try:
            import readline
        except ImportError:
            self._remember: Callable[[str], None] = lambda _entry: None
            return
        self._readline = readline
        self._remember = readline.add_history
        readline.set_auto_history(False)
        readline.set_completer_delims(" \t\n")
        readline.set_completer(self._complete)
        libedit = "libedit" in (readline.__doc__ or "")
        readline.parse_and_bind("bind ^I rl_complete" if libedit else "tab: complete")
        for entry in history.load(self._history):
            readline.add_history(entry)

    def read(self, prompt: str, ready: Ready) -> str:
        add = ready()
        try:
            lines = [input(prompt)]
            while not add(lines[-1]):
                lines.append(input(_continuation(len(prompt))))
        except (EOFError, KeyboardInterrupt):
            print()
            raise
        text = "\n".join(lines)
        if text.strip():
            self._remember(text)
            history.append(self._history, text)
        return text

    def _complete(self, _word: str, index: int) -> str | None:
        """Readline's: the candidate of that number for the word that readline sees, which is cut at spaces only."""
        if index == 0:
            line = self._readline.get_line_buffer()[: self._readline.get_endidx()]
            begin = self._readline.get_begidx()
            start, found = self._candidates(line)
            self._found = [(line[:start] + name)[begin:] for name in found]
        return self._found[index] if index < len(self._found) else None


class ToolkitPrompt(_Terminal):
    """prompt-toolkit: several lines edited as one text, completion menus, suggestions from the history.

    Raises ImportError where it is not installed.
    """

    def __init__(self, complete: Complete, history_name: str) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
        from prompt_toolkit.completion import Completer, Completion
        from prompt_toolkit.history import History
        from prompt_toolkit.key_binding import KeyBindings

        file = history.path(history_name)

        class OurHistory(History):
            def load_history_strings(self) -> Iterable[str]:
                return reversed(history.load(file))

            def store_string(self, string: str) -> None:
                history.append(file, string)

        class OurCompleter(Completer):
            def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
                text = document.text_before_cursor
                start, found = complete(text)
                return [Completion(name, start - len(text)) for name in found]

        keys = KeyBindings()

        @keys.add("enter")
        def _enter(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            add = self._ready()
            if [add(line) for line in buffer.text.split("\n")][-1]:
                buffer.validate_and_handle()
            else:
                buffer.newline(copy_margin=True)

        self._ready: Ready = lambda: lambda _line: True
        self._session: PromptSession[str] = PromptSession(
            history=OurHistory(),
            completer=OurCompleter(),
            auto_suggest=AutoSuggestFromHistory(),
            key_bindings=keys,
            multiline=True,
            complete_while_typing=False,
            prompt_continuation=lambda width, _number, _soft: _continuation(width),
        )

    def read(self, prompt: str, ready: Ready) -> str:
        self._ready = ready
        return self._session.prompt(prompt)
