"""Number formats against recorded answers, and against what JavaScript prints."""

import json
import math
import struct
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coincap_simulator.core.numbers import amount, shortest, significant, wide_amount

AMOUNTS = ("supply", "maxSupply", "marketCapUsd", "volumeUsd24Hr", "priceUsd")
SHORTEST = ("changePercent24Hr", "vwap24Hr")


def test_every_recorded_v3_amount_is_printed_digit_for_digit(
    recorded: Callable[[str], Any],
) -> None:
    rows = recorded("v3-assets-list-202512-excerpt.json")["data"]
    texts = [row[field] for row in rows for field in AMOUNTS if row[field] is not None]

    printed = [amount(float(text)) for text in texts]

    assert len(texts) == 18
    assert printed == texts


def test_every_recorded_v3_change_and_vwap_is_printed_digit_for_digit(
    recorded: Callable[[str], Any],
) -> None:
    rows = recorded("v3-assets-list-202512-excerpt.json")["data"]
    texts = [row[field] for row in rows for field in SHORTEST]

    printed = [shortest(float(text)) for text in texts]

    assert len(texts) == 8
    assert printed == texts


def test_a_tie_is_rounded_away_from_zero() -> None:
    volume = float("16784324919.897981643676757813")

    assert str(Decimal(volume)).endswith("6767578125")
    assert amount(volume).endswith("676757813")
    assert amount(-volume).endswith("676757813")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (100.0, "100"),
        (87711.2, "87711.2"),
        (-0.010002000400078915, "-0.010002000400078915"),
        (0.000001, "0.000001"),
        (0.00001234, "0.00001234"),
        (1e-7, "1e-7"),
        (1.2e-7, "1.2e-7"),
        (-9.999e-10, "-9.999e-10"),
        (5e-324, "5e-324"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e21, "1e+21"),
        (1.7976931348623157e308, "1.7976931348623157e+308"),
    ],
)
def test_shortest_is_what_javascript_prints(value: float, text: str) -> None:
    assert shortest(value) == text


def test_exponents_can_be_switched_off() -> None:
    assert shortest(1.2e-7, exponents=False) == "0.00000012"
    assert shortest(2.5e22, exponents=False) == "25000000000000000000000"


@given(st.floats(allow_nan=False, allow_infinity=False), st.booleans())
def test_shortest_reads_back_as_the_same_float_and_is_json(
    value: float, exponents: bool
) -> None:
    text = shortest(value, exponents=exponents)

    assert float(text) == value
    assert float(json.loads(text)) == value


@given(st.floats(min_value=0.01, max_value=1e15))
def test_an_amount_reads_back_as_the_same_float(value: float) -> None:
    text = amount(value)

    assert struct.pack("d", float(text)) == struct.pack("d", value)
    assert len(text.partition(".")[2]) == 18


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_an_amount_is_within_half_of_its_last_digit(value: float) -> None:
    error = abs(Decimal(amount(value)) - Decimal(value))

    assert error <= Decimal("5e-19")


def test_the_share_of_volume_has_36_decimals_of_which_18_are_zero() -> None:
    text = wide_amount(0.03)

    assert text == "0.029999999999999999000000000000000000"


def test_a_price_keeps_the_digits_that_it_is_quoted_with() -> None:
    assert significant(87711.23456, 6) == 87711.2
    assert significant(0.0000545251270998, 4) == 0.00005453
    assert math.isclose(significant(848.5046695561, 12), 848.504669556)
