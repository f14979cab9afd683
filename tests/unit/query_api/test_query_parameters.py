"""Parameters as they are declared: what each takes, refuses, and says of itself."""

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator

from query_api.core.parameters import (
    Parameter,
    amount,
    choice,
    ids,
    instant,
    path_id,
    seconds,
    whole,
    word,
)
from query_api.core.problems import BadRequestError
from query_api.core.window import TimeWindow, window_of

LIMIT = whole("limit", "Rows.", default=5, low=1, high=20)
IDS = ids("ids", "Ids.", 3)
ID = path_id("id", "Id.")


@pytest.mark.parametrize(
    ("parameter", "text", "value"),
    [
        (LIMIT, "1", 1),
        (LIMIT, "20", 20),
        (choice("order", "Order.", ("asc", "desc"), "asc"), "desc", "desc"),
        (instant("from", "From."), "2026-11-22T09:00:00Z", 1_795_338_000_000),
        (instant("from", "From."), "2026-11-30", 1_795_996_800_000),
        (amount("least", "Least."), "0.000000000000000001", Decimal("1E-18")),
        (amount("least", "Least."), "10", Decimal(10)),
        (IDS, "a,b,a", ("a", "b")),
        (
            ID,
            "são-tomé-and-príncipe-dobra-(pre-2018)",
            "são-tomé-and-príncipe-dobra-(pre-2018)",
        ),
        (ID, "Crypto.com Exchange", "Crypto.com Exchange"),
        (ID, "a/b+c%", "a/b+c%"),
        (ID, "x" * 256, "x" * 256),
        (word("symbol", "Symbol."), "$MYRO", "$MYRO"),
        (seconds("wait", "Wait.", 30), "1.5", 1.5),
        (seconds("wait", "Wait.", 30), "1e1", 10.0),
        (seconds("wait", "Wait.", 30), "30", 30.0),
    ],
)
def test_a_value_is_read_and_fits_its_schema(
    parameter: Parameter[Any], text: str, value: object
) -> None:
    assert parameter.read(text) == value
    shown: object = text.split(",") if parameter is IDS else text
    if parameter.schema["type"] in ("integer", "number"):
        shown = value
    OAS31Validator(parameter.schema).validate(shown)


@pytest.mark.parametrize(
    ("parameter", "text", "said"),
    [
        (LIMIT, "0", "limit must be a whole number from 1 to 20"),
        (LIMIT, "21", "from 1 to 20"),
        (LIMIT, "", "from 1 to 20"),
        (LIMIT, "-1", "from 1 to 20"),
        (LIMIT, "1.0", "from 1 to 20"),
        (LIMIT, "\u0665", "from 1 to 20"),
        (LIMIT, "9" * 5000, "from 1 to 20"),
        (choice("order", "Order.", ("asc", "desc"), "asc"), "ASC", "one of asc, desc"),
        (amount("least", "Least."), "-1", "least must be a number without sign"),
        (amount("least", "Least."), "1e9", "without sign and exponent"),
        (amount("least", "Least."), "\u0665", "without sign and exponent"),
        (IDS, "a,b,c,d", "ids must name at most 3"),
        (IDS, "a,,b", "ids must be 1 to 256 bytes"),
        (IDS, "", "ids must be 1 to 256 bytes"),
        (ID, "  \u3000", "id must be 1 to 256 bytes"),
        (ID, "a\x00b", "without control characters"),
        (ID, "a\x85b", "without control characters"),
        (ID, "x" * 257, "256 bytes"),
        (ID, "é" * 129, "256 bytes"),
        (ID, "\ud800", "without control characters"),
        (seconds("wait", "Wait.", 30), "30.1", "wait must be a number from 0 to 30"),
        (seconds("wait", "Wait.", 30), "nan", "from 0 to 30"),
        (seconds("wait", "Wait.", 30), "-0", "from 0 to 30"),
        (seconds("wait", "Wait.", 30), " 1", "from 0 to 30"),
    ],
)
def test_what_is_wrong_is_refused_with_what_would_be_right(
    parameter: Parameter[Any], text: str, said: str
) -> None:
    with pytest.raises(BadRequestError, match=re.escape(said)):
        parameter.read(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-13-01",
        "-5",
        "1e9",
        "2026-W01-1",
        "20261122",
        "2026-11-22T25:00",
        "1800-01-01",
    ],
)
def test_what_is_no_time_fits_no_schema_either(text: str) -> None:
    parameter = instant("from", "From.")

    with pytest.raises(BadRequestError):
        parameter.read(text)
    assert not OAS31Validator(parameter.schema).is_valid(text)


def at(span: int) -> Callable[[int | None, int | None], TimeWindow]:
    return lambda start, end: window_of(start, end, now_ms=span, default_ms=10, max_ms=100)


def test_a_range_ends_now_unless_it_is_said() -> None:
    ask = at(1000)

    assert ask(None, None) == TimeWindow(990, 1000)
    assert ask(None, 500) == TimeWindow(490, 500)
    assert ask(950, None) == TimeWindow(950, 1000)
    assert ask(400, 500) == TimeWindow(400, 500)
