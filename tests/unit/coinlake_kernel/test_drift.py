"""An API that changes: what becomes of the row, where the text goes, what is counted and announced.

Each answer is read twice, as CoinCap writes it (by columns, where that can be) and with blanks (by the
rules), and both ways must make the same.
"""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from coinlake.contracts.datasets import ELEMENTS, TABULAR, table_named
from coinlake_kernel.hour import TypedHour
from coinlake_kernel.schemas import file_schema

from .odd_hours import HOUR
from .test_kernel_equals_rules import assert_equal, one_object, rows_in

ASSET = {
    "id": "bitcoin",
    "rank": "1",
    "symbol": "BTC",
    "name": "Bitcoin",
    "supply": "19.5",
    "marketCapUsd": "12.25",
    "priceUsd": "1.5",
    "tokens": {"1": ["0xa"]},
}
EXCHANGE = {"exchangeId": "x", "rank": "1", "socket": True, "updated": 1_795_341_600_000}
SOUND: dict[str, dict[str, Any]] = {"assets": ASSET, "exchanges": EXCHANGE}


@dataclass(frozen=True)
class Drift:
    """A change of one element, `gone` keys taken out and others set, and what must be seen of it.

    `row` are columns of the row that is kept; None where there is none.
    """

    changed: dict[str, Any] = field(default_factory=dict)
    gone: tuple[str, ...] = ()
    feed: str = "assets"
    row: dict[str, Any] | None = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)
    announced: tuple[tuple[str, str], ...] = ()
    aside: tuple[str, str] | None = None


DRIFTS = {
    "renamed field": Drift(
        {"marketCap": "12.25"},
        gone=("marketCapUsd",),
        row={"market_cap_usd": None},
        extra={"marketCap": "12.25"},
        counted={"unknown:marketCap": 1},
        announced=(("marketCap", "12.25"),),
    ),
    "renamed price": Drift(
        {"price": "1.5"},
        gone=("priceUsd",),
        row=None,
        counted={"unknown:price": 1},
        announced=(("price", "1.5"),),
        aside=("quotes", "price_usable"),
    ),
    "vanished field": Drift(gone=("supply", "rank"), row={"supply": None, "rank": None}),
    "vanished map": Drift(gone=("tokens",), row={"price_usd": Decimal("1.5")}),
    "vanished id": Drift(gone=("id",), row=None, aside=("quotes", "asset_id_usable")),
    "null where there was none": Drift(
        {"symbol": None, "supply": None}, row={"symbol": None, "supply": None}
    ),
    "null price": Drift({"priceUsd": None}, row=None, aside=("quotes", "price_usable")),
    "string to number": Drift(
        {"priceUsd": 1.5, "rank": 1, "symbol": 7},
        row={"price_usd": Decimal("1.5"), "rank": 1, "symbol": "7"},
    ),
    "number to string": Drift(
        {"updated": "1795341600000"}, feed="exchanges", row={"updated_ts": 1_795_341_600_000}
    ),
    "boolean to string": Drift({"socket": "true"}, feed="exchanges", row={"socket": True}),
    "boolean to number": Drift(
        {"socket": 1},
        feed="exchanges",
        row={"socket": None},
        extra={"socket": "1"},
        counted={"unfit:socket": 1},
    ),
    "whole number to fraction": Drift(
        {"rank": "1.5"}, row={"rank": None}, extra={"rank": "1.5"}, counted={"unfit:rank": 1}
    ),
    "number to word": Drift(
        {"supply": "unlimited"},
        row={"supply": None},
        extra={"supply": "unlimited"},
        counted={"unfit:supply": 1},
    ),
    "text to object": Drift(
        {"name": {"en": "Bitcoin"}},
        row={"name": None},
        extra={"name": '{"en":"Bitcoin"}'},
        counted={"unfit:name": 1},
    ),
    "price to object": Drift(
        {"priceUsd": {"usd": "1.5"}},
        row=None,
        counted={"unfit:price_usd": 1},
        aside=("quotes", "price_usable"),
    ),
    "id as number": Drift({"id": 1}, row={"asset_id": "1"}),
    "id as array": Drift(
        {"id": ["bitcoin"]},
        row=None,
        counted={"unfit:asset_id": 1},
        aside=("quotes", "asset_id_usable"),
    ),
    "tokens as array": Drift(
        {"tokens": [{"chain": "1", "address": "0xa"}]},
        counted={"rule:token_usable": 1},
        aside=("asset_tokens", "token_usable"),
    ),
    "a new nested object": Drift(
        {"social": {"x": "@btc", "followers": [1, None]}},
        extra={"social": '{"x":"@btc","followers":[1,null]}'},
        counted={"unknown:social": 1},
        announced=(("social", '{"x":"@btc","followers":[1,null]}'),),
    ),
    "a new key with the name of a column": Drift(
        {"price_usd": "9"},
        row={"price_usd": Decimal("1.5")},
        extra={"price_usd": "9"},
        counted={"unknown:price_usd": 1},
        announced=(("price_usd", "9"),),
    ),
}
WRITTEN: dict[str, Any] = {"as CoinCap does": (",", ":"), "with blanks": None}
_ODD = ("unknown:", "unfit:", "widened:", "repeated:", "rule:")


def odd(made: TypedHour) -> dict[str, int]:
    return {name: n for name, n in made.tallies.items() if name.startswith(_ODD)}


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("name", DRIFTS)
def test_a_field_that_drifts(name: str, written: str) -> None:
    drift = DRIFTS[name]
    sound = SOUND[drift.feed]
    item = {key: value for key, value in sound.items() if key not in drift.gone} | drift.changed
    # Of an answer in which nobody is known nothing is used: another entry is as it should be.
    (identity,) = ELEMENTS[drift.feed].identity_keys
    data = [item, sound | {identity: "another"}]
    body = json.dumps(
        {"timestamp": HOUR.start_ms, "data": data}, separators=WRITTEN[written]
    ).encode()

    made = assert_equal(drift.feed, one_object(drift.feed, body))

    main = TABULAR[drift.feed].tables[0]
    rows = [row for row in rows_in(main, made.tables[main]) if row["element_index"] == 0]
    assert odd(made) == drift.counted
    assert [(one.name, one.example) for one in made.unknown_fields] == list(drift.announced)
    if drift.row is None:
        assert not rows
    else:
        (row,) = rows
        assert {column: row[column] for column in drift.row} == drift.row
        assert dict(row["extra"]) == drift.extra
    _assert_aside(made, drift, item)
    _assert_types(made)


def _assert_aside(made: TypedHour, drift: Drift, item: dict[str, Any]) -> None:
    found = [
        (name.removesuffix("_quarantine"), row)
        for name, rows in made.tables.items()
        if name.endswith("_quarantine")
        for row in rows_in(name, rows)
    ]
    assert [(table, row["rule"]) for table, row in found] == (
        [] if drift.aside is None else [drift.aside]
    )
    for _, row in found:
        assert json.loads(row["raw"]) in (item, item.get("tokens"))


def _assert_types(made: TypedHour) -> None:
    for name, rows in made.tables.items():
        wanted = file_schema(table_named(name))
        plain = {one.name: one.type for one in rows.table().schema}
        for one in wanted:
            kind = plain[one.name]
            assert getattr(kind, "value_type", kind) == one.type or kind == one.type


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"bitcoin": ASSET}, "data is an object, not an array"),
        ("maintenance, be back soon", "data is a string, not an array"),
        ({"message": "API v2 is retired"}, "data is an object, not an array"),
        (None, "data is null, not an array"),
        (7, "data is a number, not an array"),
        ([], "data is empty"),
        ([{"name": "Bitcoin"}, {"id": ["bitcoin"]}], "no entry of data has a usable id"),
    ],
)
def test_data_of_which_nothing_is_known_is_put_aside_as_a_whole(
    data: Any, reason: str, written: str
) -> None:
    body = json.dumps(
        {"timestamp": HOUR.start_ms, "data": data}, separators=WRITTEN[written]
    ).encode()

    made = assert_equal("assets", one_object("assets", body))

    (row,) = rows_in("quotes_quarantine", made.tables["quotes_quarantine"])
    assert (row["rule"], row["reason"]) == ("envelope", reason)
    assert row["raw"].encode() == body
    assert made.tables.keys() == {"quotes_quarantine"}
    assert made.tallies["quarantined_records"] == 1


@pytest.mark.parametrize("written", WRITTEN)
def test_a_message_in_the_place_of_data(written: str) -> None:
    body = json.dumps({"message": "sunset"}, separators=WRITTEN[written]).encode()

    made = assert_equal("assets", one_object("assets", body))

    (row,) = rows_in("quotes_quarantine", made.tables["quotes_quarantine"])
    assert (row["rule"], row["reason"]) == ("envelope", "no data")


def test_an_unknown_key_tells_since_when_and_an_example_that_is_bounded() -> None:
    bodies = [
        json.dumps(
            {"timestamp": HOUR.start_ms, "data": [ASSET | more]}, separators=separators
        ).encode()
        for separators in WRITTEN.values()
        for more in ({}, {"score": "x" * 500}, {"score": "later", "k" * 300: 1})
    ]

    made = assert_equal("assets", one_object("assets", *bodies))

    score, long = made.unknown_fields
    assert (score.name, score.rows, score.example) == ("score", 4, "x" * 99 + "…")
    # The second and the last of the six records; those of a test are a ms apart.
    assert score.first_seen_ms == HOUR.start_ms + 1
    assert score.last_seen_ms == HOUR.start_ms + 5
    assert (len(long.name), long.rows, long.example) == (100, 2, "1")


def test_a_hostile_hour_announces_a_bounded_number_of_keys() -> None:
    bodies = [
        json.dumps(
            {"timestamp": HOUR.start_ms, "data": [ASSET | {f"k{n}_{m}": 1 for m in range(50)}]},
            separators=(",", ":"),
        ).encode()
        for n in range(4)
    ]

    made = assert_equal("assets", one_object("assets", *bodies, bodies[0] + b" "))

    assert len(made.unknown_fields) == 64
    assert {one.rows for one in made.unknown_fields[:50]} == {2}
