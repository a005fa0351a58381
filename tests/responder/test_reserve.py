"""Where the reserve says that memory is full, or that something fits: at each figure, and one beyond. In full memory
the two sides of these figures differ by a process that dies, and only sometimes."""

import pytest

from luaproc.responder import limits, memory
from luaproc.responder.memory import BALLAST, LEAST, PYTHON_SHARE, Reserve

LIMIT, PAGES, PAGE = 20 << 20, 8000, 4096


class Lua:
    """As much of a runtime of lupa as a reserve asks for."""

    def __init__(self) -> None:
        self.used = self.limit = 0

    def get_memory_used(self, total: bool) -> int:
        assert total
        return self.used

    def set_max_memory(self, size: int, total: bool) -> None:
        assert total
        self.limit = size


class Filled(Reserve):
    """A reserve of a process that is as large as the test says."""

    pages = 0

    def _size(self) -> int:
        return self.pages


def filled(used: int, pages: int = 0, limit: int = LIMIT, full_pages: int = PAGES) -> Filled:
    lua = Lua()
    lua.used = used
    reserve = Filled(lua)
    reserve.set_limit(limit, 0)
    reserve.pages, reserve._full_pages, reserve._page = pages, full_pages, PAGE
    return reserve


@pytest.mark.parametrize(
    ("used", "pages", "full_pages", "full"),
    [
        (LIMIT - BALLAST, 0, PAGES, False),
        (LIMIT - BALLAST + 1, 0, PAGES, True),
        # The process is nearly as large as it may be: that counts from half of Lua's memory on.
        (LIMIT // 2, PAGES + 1, PAGES, False),
        (LIMIT // 2 + 1, PAGES, PAGES, False),
        (LIMIT // 2 + 1, PAGES + 1, PAGES, True),
        (LIMIT // 2 + 1, PAGES + 1, 0, False),  # a process without a limit
    ],
)
def test_full(used: int, pages: int, full_pages: int, full: bool) -> None:
    reserve = filled(used, pages, full_pages=full_pages)
    assert reserve.is_full() is full
    reserve.spend_if_full()
    assert (reserve.state == "spent") is full
    reserve.restore_if_room()
    assert (reserve.state == "spent") is full


@pytest.mark.parametrize("size", [5000, 3_000_000])
def test_a_string_that_crosses_is_there_twice(size: int) -> None:
    """And 64 KB more: what lupa pushes where there is no room leaks a reference."""
    most = LIMIT - 2 * size - 65536
    assert filled(most).has_room_to_push(size)
    assert not filled(most + 1).has_room_to_push(size)


@pytest.mark.parametrize("size", [70_000, 2_000_000])
def test_a_message_that_is_compiled_is_there_five_times(size: int) -> None:
    """In Lua's memory and in the process's."""
    most, pages = LIMIT - 5 * size - 1, PAGES - 5 * size // PAGE - 1
    assert filled(most, pages).has_room_to_compile(size)
    assert not filled(most + 1, pages).has_room_to_compile(size)
    assert not filled(most, pages + 1).has_room_to_compile(size)
    assert filled(most, pages + 1, full_pages=0).has_room_to_compile(size)


@pytest.mark.parametrize(("used", "left"), [(LIMIT // 2, LIMIT), (LIMIT // 2 + 1, LIMIT // 2 + 1), (LIMIT + 1, LIMIT)])
def test_short_lua_has_what_it_uses(used: int, left: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the ballast cannot be had again. A Lua that has half of its memory to itself is not what fills the process:
    it keeps its limit, and may fail at malloc."""

    def fail(size: int) -> bytes:
        raise MemoryError

    lua = Lua()
    reserve = Reserve(lua)
    reserve.set_limit(LIMIT, 0)
    reserve.spend()
    assert lua.limit == LIMIT + BALLAST
    lua.used = used
    monkeypatch.setattr(memory, "bytes", fail, raising=False)
    reserve.restore()
    assert (reserve.state, lua.limit) == ("short", left)
    reserve.lift()
    assert (reserve.state, lua.limit) == ("spent", 0)
    monkeypatch.undo()
    reserve.restore()
    assert (reserve.state, lua.limit) == ("held", LIMIT)


@pytest.mark.parametrize(
    ("limit", "used", "left"),
    [
        (50 << 20, 10 << 20, (40 << 20) - PYTHON_SHARE),
        (16 << 20, 10 << 20, (6 << 20) - (512 << 10)),  # of a small one, a 32nd
        (16 << 20, 16 << 20, LEAST),
    ],
)
def test_what_is_left_to_lua(limit: int, used: int, left: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the address space, what nobody uses, less what Python needs later."""
    monkeypatch.setattr(limits, "address_space", lambda: limit)
    monkeypatch.setattr(limits, "address_space_used", lambda: used)
    assert memory.lua_limit(None) == memory.lua_limit(1 << 40) == left


def test_a_process_is_full_at_two_ballasts_from_its_limit() -> None:
    reserve = Reserve(Lua())
    reserve.set_limit(LIMIT, 64 << 20)
    assert reserve._full_pages * reserve._page == (64 << 20) - 2 * BALLAST
    assert reserve._size() > 0
