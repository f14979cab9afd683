"""A failing run is made small: what is left is needed, and the number of tries is bounded."""

from collections.abc import Callable, Sequence

import pytest

from tests.labs.shrinking import shrunk

Predicate = Callable[[Sequence[int]], bool]


@pytest.mark.parametrize("needed", [set(), {0}, {19}, {3, 4}, {0, 11, 19}, set(range(20))])
def test_just_what_is_needed_is_left_in_its_order(needed: set[int]) -> None:
    left = shrunk(range(20), lambda kept: needed <= set(kept), 1000)

    assert list(left) == sorted(needed)


def test_no_single_event_can_be_spared_of_what_is_left() -> None:
    def is_red(kept: Sequence[int]) -> bool:
        # Two causes, and one of them hides behind the other.
        return {2, 9} <= set(kept) or ({5, 6, 7} <= set(kept) and 8 not in kept)

    left = shrunk(range(12), is_red, 1000)

    assert is_red(left)
    for at in range(len(left)):
        assert not is_red([*left[:at], *left[at + 1 :]])


@pytest.mark.parametrize("tries", [0, 1, 5, 17])
def test_it_ends_after_so_many_tries_with_something_red(tries: int) -> None:
    tried: list[Sequence[int]] = []

    def is_red(kept: Sequence[int]) -> bool:
        tried.append(kept)
        return {1, 30, 59} <= set(kept)

    left = shrunk(range(60), is_red, tries)

    assert len(tried) <= tries
    assert {1, 30, 59} <= set(left)


def test_nothing_is_tried_where_there_is_nothing_to_spare() -> None:
    def is_red(kept: Sequence[int]) -> bool:
        raise AssertionError(kept)

    assert shrunk([], is_red, 10) == []
