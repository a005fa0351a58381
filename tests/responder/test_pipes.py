"""Frames on the descriptors 0 and 1, where memory is full: what the hostile corpus meets by luck only."""

import pytest

from luaproc.responder import pipes


class _Full(dict):  # type: ignore[type-arg]
    """A dict for which there is no block to grow into."""

    def __setitem__(self, key: object, value: object) -> None:
        raise MemoryError


def test_a_header_is_read_and_written_where_none_can_be_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """One random module of hundreds met a header of a new length in memory full to the brim. What was lost could not be
    told, since the dict of known headers could not grow, and the process ended."""
    monkeypatch.setattr(pipes, "_lengths", _Full())
    monkeypatch.setattr(pipes, "_headers", _Full())
    header = pipes._header(46)
    assert header == b"0000002e0000005b"
    assert pipes._frame_length(header) == 46
