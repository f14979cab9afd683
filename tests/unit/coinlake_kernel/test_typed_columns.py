"""Columns by Arrow's casts are what the row rules make of each value."""

from random import Random
from typing import Any, get_args

import orjson
import pyarrow as pa
import pytest

from coinlake.contracts.elements import Kind
from coinlake.contracts.values import typed
from coinlake_kernel.columns import as_parsed, typed_column

from .casts import CASTS, plain

# The values of all kinds, for columns of every kind: as orjson reads them, where it does.
ODD = tuple(
    orjson.loads(text)
    for text in sorted({cast.json for casts in CASTS.values() for cast in casts})
    if plain(text) == text
)


def assert_typed(values: list[Any], kind: Kind) -> None:
    column, unfit = typed_column(values, kind)

    wanted = [typed(as_parsed(value), kind) for value in values]
    found = column.cast(pa.int64()) if kind == "millis" else column
    assert found.to_pylist() == wanted
    assert unfit == [
        place
        for place, (value, one) in enumerate(zip(values, wanted, strict=True))
        if one is None and value is not None
    ]


@pytest.mark.parametrize("kind", get_args(Kind))
def test_an_odd_value_among_many(kind: Kind) -> None:
    for odd in ODD:
        assert_typed([*(f"{n}.25" for n in range(20)), odd, *map(str, range(20))], kind)
        assert_typed([odd], kind)
        assert_typed([odd] * 20, kind)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_a_column_without_values(kind: Kind) -> None:
    assert_typed([], kind)
    assert_typed([None] * 50, kind)


def _by_chance(random: Random) -> Any:
    roll = random.random()
    if roll < 0.1:
        return random.choice(ODD)
    if roll < 0.25:
        return "".join(random.choice("0123456789.+-eE") for _ in range(random.randint(1, 12)))
    return str(round(random.uniform(-1e6, 1e6), random.randint(0, 12)))


@pytest.mark.full_size(but="0")
@pytest.mark.parametrize("seed", range(24))
def test_values_by_chance(seed: int) -> None:
    random = Random(seed)
    for _ in range(100):
        odd = [_by_chance(random) for _ in range(random.choice([3, 17, 60]))]
        among = [str(random.uniform(0, 1e5)) for _ in range(40)] + odd[:1]
        for kind in get_args(Kind):
            assert_typed(odd, kind)
            assert_typed(among, kind)
