"""Which Lua: what `new_runtime` promises to whoever asks more than once."""

import pytest

from luaproc.responder import runtime


@pytest.mark.parametrize("name", runtime.available())
def test_made_again_and_after_lupa_was_imported(name: str) -> None:
    """The second time the extension is already loaded, under a stand-in that is gone."""
    first = runtime.new_runtime(name)
    __import__("lupa")
    second = runtime.new_runtime(name)
    assert first.execute(b"return 1") == second.execute(b"return 1") == 1
