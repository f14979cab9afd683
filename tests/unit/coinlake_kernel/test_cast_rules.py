"""Each row of the cast table, by the row rules and by columns."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, get_args

import pyarrow as pa
import pytest

from coinlake.contracts.datasets import ELEMENTS
from coinlake.contracts.elements import Kind
from coinlake_kernel.answers import read_answer
from coinlake_kernel.hour import HourKernel
from coinlake_kernel.reading import Reader

from . import broken_rules
from .casts import CASTS, Cast, Place, places
from .odd_hours import HOUR, SKEW_MS
from .test_kernel_equals_rules import assert_equal, one_object, rows_in, typed

KINDS: tuple[Kind, ...] = get_args(Kind)
# As CoinCap writes it.
ORDINARY: dict[Kind, str] = {
    "text": '"a"',
    "amount": '"75850.25"',
    "ratio": '"-0.6304405"',
    "int": '"12"',
    "bigint": '"1200"',
    "boolean": "true",
    "millis": str(HOUR.start_ms),
}
# Before and behind an odd one: together they are more than what is typed one by one (columns._FEW).
AMONG = 9
ALL_PLACES = [
    pytest.param(kind, place, id=f"{kind}-{place.feed}.{place.field.column}")
    for kind in KINDS
    for place in places(kind)
]


def assert_row(row: dict[str, Any], place: Place, cast: Cast) -> None:
    """A row has the table's value, in its type, and the text beside it."""
    value = row[place.field.column]
    assert (value, type(value)) == (cast.value, type(cast.value)), cast
    assert dict(row["extra"]) == (
        {} if cast.text is None else {place.field.column: cast.text}
    ), cast


def rows_by_columns(place: Place, *answers: bytes) -> list[dict[str, Any]]:
    """The rows of an hour with these answers, in the order of the elements."""
    table = ELEMENTS[place.feed].table
    made = typed(place.feed, one_object(place.feed, *answers))
    rows = rows_in(table, made.tables[table])
    return sorted(rows, key=lambda row: (row["kafka_offset"], row["element_index"]))


def assert_columns(place: Place, casts: Sequence[Cast]) -> None:
    """Each value in an answer of its own, and all answers in one hour."""
    table = ELEMENTS[place.feed].table
    made = assert_equal(place.feed, place.hour(casts))
    rows = {row["kafka_offset"]: row for row in rows_in(table, made.tables[table])}
    for number, cast in enumerate(casts):
        assert_row(rows[number], place, cast)
    unfit = sum(cast.text is not None for cast in casts)
    assert made.tallies[f"unfit:{place.field.column}"] == unfit


def assert_among_ordinary(kind: Kind) -> None:
    """Each value with ordinary ones before and behind it, all in one answer."""
    place, ordinary = places(kind)[0], [ORDINARY[kind]] * AMONG
    for cast in CASTS[kind]:
        rows = rows_by_columns(place, place.answer(*ordinary, cast.json, *ordinary))
        assert_row(rows[AMONG], place, cast)
        others = [*rows[:AMONG], *rows[AMONG + 1 :]]
        assert len(others) == 2 * AMONG
        assert all(row["extra"] == [] for row in others), cast
        assert None not in [row[place.field.column] for row in others], cast


def assert_kind(kind: Kind) -> None:
    assert_columns(places(kind)[0], CASTS[kind])
    assert_among_ordinary(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_rows(kind: Kind) -> None:
    assert len({cast.json for cast in CASTS[kind]}) > 30
    # Twice in the table could be with two values.
    assert len({cast.json for cast in CASTS[kind]}) == len(CASTS[kind])
    assert any(cast.text is None and cast.value is not None for cast in CASTS[kind])
    assert any(cast.text is not None for cast in CASTS[kind])


@pytest.mark.parametrize(("kind", "place"), ALL_PLACES)
def test_the_row_rules_make_what_the_table_says(kind: Kind, place: Place) -> None:
    for cast in CASTS[kind]:
        answer = read_answer(place.feed, place.answer(cast.json), HOUR.start_ms, SKEW_MS)

        (row,) = answer.rows
        assert_row(row, place, cast)
        assert answer.tallies[f"unfit:{place.field.column}"] == (cast.text is not None)


@pytest.mark.parametrize(("kind", "place"), ALL_PLACES)
def test_the_columns_make_what_the_table_says(kind: Kind, place: Place) -> None:
    assert_columns(place, CASTS[kind])


@pytest.mark.long
@pytest.mark.parametrize("kind", KINDS)
def test_a_value_among_ordinary_ones_is_what_it_is_alone(kind: Kind) -> None:
    assert_among_ordinary(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_most_rows_of_the_table_go_by_columns(kind: Kind) -> None:
    place = places(kind)[0]
    reader = Reader(ELEMENTS[place.feed])

    read = [reader.read(place.answer(cast.json)) is not None for cast in CASTS[kind]]

    # Numbers where a text should be are judged by the rules, since they keep their source text.
    assert sum(read) > len(read) * (0.3 if kind == "text" else 0.7)
    assert not all(read)


def test_the_time_of_an_answer_is_typed_as_a_column_of_times() -> None:
    """Where it is not too far from the receive time; here nothing is."""
    feed, for_ever = "rates", 2**63
    for cast in CASTS["millis"]:
        body = f'{{"timestamp":{cast.json},"data":[{{"id":"a","rateUsd":"1"}}]}}'.encode()
        judged = read_answer(feed, body, HOUR.start_ms, for_ever)
        kernel = HourKernel(feed, for_ever)
        for source, raw in one_object(feed, body):
            kernel.add(source, raw)
        (row,) = rows_in(feed, kernel.finish().tables[feed])

        extra = {} if cast.text is None else {"source_ts": cast.text}
        assert (judged.source_ms, judged.rows[0]["extra"]) == (cast.value, extra), cast
        assert (row["source_ts"], dict(row["extra"])) == (cast.value, extra), cast


def test_a_price_that_does_not_fit_puts_its_row_aside_with_its_text() -> None:
    (price,) = (one for one in ELEMENTS["assets"].fields if one.column == "price_usd")
    place = Place("assets", price)
    made = assert_equal(place.feed, place.hour(CASTS["amount"]))
    rows = {row["kafka_offset"]: row for row in rows_in("quotes", made.tables["quotes"])}
    aside = rows_in("quotes_quarantine", made.tables["quotes_quarantine"])
    raw = {row["kafka_offset"]: row["raw"] for row in aside}

    for number, cast in enumerate(CASTS["amount"]):
        if cast.value is None:
            assert number not in rows
            assert raw[number].startswith('{"id":"0","priceUsd":'), cast
        else:
            assert_row(rows[number], place, cast)
            assert number not in raw


@pytest.mark.parametrize("kind", ["amount", "ratio"])
def test_a_decimal_has_the_digits_of_its_column(kind: Kind) -> None:
    place, scale = places(kind)[0], {"amount": 18, "ratio": 28}[kind]
    fits = [cast for cast in CASTS[kind] if cast.value is not None]

    rows = rows_by_columns(place, place.answer(*(cast.json for cast in fits)))

    for row in rows:
        value: Decimal = row[place.field.column]
        assert value.as_tuple().exponent == -scale
        # There is no negative zero in a decimal of Arrow, of Spark or of Trino.
        assert value or not value.is_signed()


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        (broken_rules.without_check_of_size, "ratio"),
        (broken_rules.without_check_of_length, "int"),
        (broken_rules.without_proof, "amount"),
        (broken_rules.seven_digits_less, "amount"),
        (broken_rules.numbers_may_be_texts, "text"),
        (broken_rules.times_have_no_end, "millis"),
    ],
)
def test_control_a_cast_that_is_changed_is_seen(
    monkeypatch: pytest.MonkeyPatch, changed: broken_rules.Break, kind: Kind
) -> None:
    changed(monkeypatch)

    with pytest.raises((AssertionError, pa.ArrowInvalid, TypeError)):
        assert_kind(kind)
