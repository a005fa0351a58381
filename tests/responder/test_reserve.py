"""Where the reserve says that memory is full, or that something fits: at each figure, and one beyond. In full memory
the two sides of these figures differ by a process that dies, and only sometimes."""

import pytest

from luaproc.responder.memory import BALLAST, Reserve

LIMIT, PAGES, PAGE = 20 << 20, 8000, 4096


class Lua:
    """As much of a runtime of lupa as a reserve asks for."""

    def __init__(self) -> None:
        self.used = 0

    def get_memory_used(self, total: bool) -> int:
        assert total
        return self.used

    def set_max_memory(self, size: int, total: bool) -> None:
        assert total


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
