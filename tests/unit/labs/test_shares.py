"""Which tests are left to the campaign."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import pytest

from tests.shares import left_to_the_campaign


@dataclass(frozen=True, eq=False)
class Item:
    """What is read of one of pytest's."""

    name: str
    marks: tuple[pytest.Mark, ...]

    @property
    def nodeid(self) -> str:
        return f"tests/test_one.py::{self.name}"

    def iter_markers(self, name: str) -> Iterator[pytest.Mark]:
        return (mark for mark in self.marks if mark.name == name)


def family(name: str, count: int, *marks: pytest.MarkDecorator) -> list[Item]:
    return [Item(f"{name}[{one}]", tuple(mark.mark for mark in marks)) for one in range(count)]


def kept(*families: list[Item]) -> list[str]:
    items = [item for one in families for item in one]
    left = cast(set[Any], left_to_the_campaign(cast(Any, items)))
    return [item.name for item in items if item not in left]


def test_what_is_marked_is_left_but_for_the_variant_that_is_named() -> None:
    large, named = pytest.mark.full_size, pytest.mark.full_size(but="1")

    assert kept(family("large", 2, large), family("named", 3, named), family("each", 2)) == [
        "named[1]",
        "each[0]",
        "each[1]",
    ]


@pytest.mark.parametrize(("count", "left"), [(1, 1), (2, 1), (4, 1), (5, 2), (40, 10)])
def test_a_share_is_kept_and_never_none(count: int, left: int) -> None:
    one, other = pytest.mark.full_size(one_in=4), pytest.mark.full_size(one_in=2)
    shares = kept(family("one", count, one), family("other", 2, other))

    assert len([name for name in shares if name.startswith("one")]) == left
    assert len([name for name in shares if name.startswith("other")]) == 1


def test_a_share_is_the_same_each_time_and_not_the_first_ones() -> None:
    items = family("one", 40, pytest.mark.full_size(one_in=4))

    assert kept(items) == kept(list(reversed(items)))[::-1]
    assert kept(items) != [item.name for item in items[:10]]
