"""Columns by Arrow's casts are what the row rules make of each value."""

from random import Random
from typing import Any, get_args

import pyarrow as pa
import pytest

from coinlake.contracts.elements import Kind
from coinlake.contracts.values import typed
from coinlake_kernel.columns import as_parsed, typed_column

TEXTS = (
    *(
        "",
        "-",
        "+",
        ".",
        "5.",
        ".5",
        "+5",
        "-.5",
        "1e5",
        "1E-5",
        "1e+05",
        "1e00005",
        "1e-00005",
    ),
    *(
        "0e99999",
        "0e9999",
        "1e",
        "e5",
        "--1",
        "1.2.3",
        " 1",
        "1 ",
        "0x10",
        "\u0661",
        "1_0",
        "NaN",
    ),
    *("inf", "Infinity", "00012", "-0", "-0.0", "1e18", "9" * 38, "9" * 39, "0." + "0" * 30),
    *("0." + "0" * 300, "1" + "0" * 20, "0.1234567890123456789", "0.12345678901234567890000"),
    *(
        "1e-18",
        "1e-19",
        "1e-28",
        "1e-29",
        "1e19",
        "1e20",
        "1e10",
        "9999999999.9",
        "99999999999.9",
    ),
    *("2147483647", "2147483648", "-2147483648", "9223372036854775807", "9223372036854775808"),
    *("253402300799999", "253402300800000", "true", "false", "True", "0" * 37 + "1", "1e-38"),
    *(
        "123456789012345678901234567890123456789e-30",
        "0." + "1" * 38,
        "1" * 20 + "." + "1" * 18,
    ),
)
OTHERS: tuple[Any, ...] = (
    *(1, 0, -5, 2**31, 2**31 - 1, -(2**31), 2**63 - 1, 1.5, -2e-7, 1e300, True, False, [1]),
    *({"a": 1.0}, 253_402_300_800_000, 253_402_300_799_999, None),
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
    for odd in (*TEXTS, *OTHERS):
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
        return random.choice((*TEXTS, *OTHERS))
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
