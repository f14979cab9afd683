"""Digits survive, and what does not fit exactly is None."""

from decimal import Decimal
from typing import Any

import pytest

from coinlake.contracts.values import Number, json_text, parse_json, plain_text, typed


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("87711.199999999997089617", "87711.199999999997089617"),
        ("16.903027981466749702000000000000000000", "16.903027981466749702"),
        ("549095509738353.0000000000000000", "549095509738353"),
        ("1.2e-7", "0.00000012"),
        ("1E3", "1000"),
        ("-0.0", "0"),
        ("99999999999999999999.999999999999999999", "99999999999999999999.999999999999999999"),
    ],
)
def test_an_amount_is_exact(text: str, expected: str) -> None:
    assert typed(text, "amount") == Decimal(expected)


@pytest.mark.parametrize(
    "value",
    [
        "1e-19",
        "100000000000000000000",
        "NaN",
        "Infinity",
        "",
        " 1",
        "1_0",
        "٣",
        "0x1",
        "1e99999",
        True,
        None,
        [],
        {},
        "9" * 300,
    ],
)
def test_what_an_amount_cannot_hold_exactly_is_none(value: Any) -> None:
    assert typed(value, "amount") is None


def test_a_number_instead_of_a_string_keeps_its_source_text() -> None:
    parsed = parse_json(b'{"p":0.1000000000000000055511151231257827,"n":12345678901234567890}')

    assert parsed["p"] == "0.1000000000000000055511151231257827"
    assert isinstance(parsed["n"], Number)
    assert json_text(parsed) == (
        '{"p":0.1000000000000000055511151231257827,"n":12345678901234567890}'
    )


def test_a_ratio_takes_seventeen_digits_with_an_exponent() -> None:
    assert typed("-0.010002000400078915", "ratio") == Decimal("-0.010002000400078915")
    assert typed("1.2345678901234567e-12", "ratio") == Decimal("1.2345678901234567e-12")
    assert typed("1.2345678901234567e-13", "ratio") is None


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("1", "int", 1),
        (Number("7"), "int", 7),
        ("2147483648", "int", None),
        ("2147483648", "bigint", 2147483648),
        ("1.5", "int", None),
        ("1.0", "int", 1),
        (Number("0"), "millis", 0),
        ("-1", "millis", None),
        (True, "int", None),
        (True, "boolean", True),
        ("false", "boolean", False),
        (Number("1"), "boolean", None),
        ("x", "text", "x"),
        (Number("1e5"), "text", "1e5"),
        (["x"], "text", None),
        ("\ud800", "text", None),
    ],
)
def test_each_type_has_its_rule(value: Any, kind: Any, expected: Any) -> None:
    assert typed(value, kind) == expected


def test_a_lone_surrogate_is_kept_as_its_escape() -> None:
    assert plain_text(parse_json(rb'"\ud800"')) == '"\\ud800"'


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b'{"a":', "not JSON"), (b"\xff", "not UTF-8")],
)
def test_a_body_that_is_no_json_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_json(body)
