"""A field of `extra` becomes a line of the contract: what is proposed, refused and written."""

import json
import runpy
from dataclasses import replace
from difflib import ndiff
from pathlib import Path
from typing import Any

import pytest

from coinlake.contracts.datasets import ASSETS, MARKETS, RATES, TABULAR
from coinlake.contracts.ledger import UnknownField
from coinlake.errors import ConfigError
from coinlake_kernel.values import parse_json, typed
from coinlake_tools.field_samples import seen_in, values_of
from coinlake_tools.promotion import (
    SOURCE,
    Proposal,
    column_name,
    fitting_kind,
    proposal,
    with_field,
)
from tests.unit.coinlake_kernel.odd_hours import ODD
from tests.unit.coinlake_tools.proven import proven
from tests.unit.coinlake_tools.published import DT, NINE, TEN, PublishedLake, answer, bitcoin

CONTRACT = (Path(__file__).parents[3] / SOURCE).read_text()


def parsed(*values: Any) -> list[Any]:
    found: list[Any] = parse_json(json.dumps(values).encode())
    return found


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ((1, 2, "-3"), "int"),
        ((1, 3_000_000_000), "bigint"),
        ((1, "2.50", 1e-7), "amount"),
        ((12, 0.0000000000000000000123), "ratio"),
        ((10**19, "1.5"), "amount"),
        ((True, False), "boolean"),
        (("true", "false"), "boolean"),
        ((1_795_341_600_000, "1795341600001"), "millis"),
        ((1_795_341_600_000, 5), "bigint"),
        # Numbers that are names keep their zeros.
        (("007", "12"), "text"),
        (("0.5", "0"), "amount"),
        (("a", 1, "2"), "text"),
        (("", "1"), "text"),
        ((1e20, 1), "text"),
        ((True, "maybe"), None),
        (({"a": 1}, "x"), None),
        (([1],), None),
        ((), None),
    ],
)
def test_the_narrowest_kind_that_holds_every_value_is_proposed(
    values: tuple[Any, ...], kind: str | None
) -> None:
    assert fitting_kind(parsed(*values), typed) == kind


def test_a_proposed_kind_holds_every_value_exactly_whatever_they_are() -> None:
    odd = [value for value in parsed(*ODD) if value is not None]
    for first in odd:
        for second in odd:
            kind = fitting_kind([first, second], typed)
            if kind is not None:
                assert typed(first, kind) is not None
                assert typed(second, kind) is not None


@pytest.mark.parametrize(
    ("key", "column"),
    [
        ("marketCapUsd", "market_cap_usd"),
        ("volumeUsd24Hr", "volume_usd_24_hr"),
        ("score", "score"),
        ("HTTPStatus", "http_status"),
        ("a-b c", "a_b_c"),
        ("ATHPrice", "ath_price"),
    ],
)
def test_a_column_has_the_words_of_its_key(key: str, column: str) -> None:
    assert column_name(key) == column


@pytest.mark.parametrize(
    ("key", "more", "reason"),
    [
        ("priceUsd", {}, "priceUsd of assets has a column already: price_usd"),
        ("tokens", {}, "tokens of assets has a table of its own"),
        ("price_usd", {}, "quotes has a column price_usd: choose --column"),
        ("Hour", {}, "quotes has a column hour: choose --column"),
        ("two words", {}, "cannot be written in a line"),
        ('a"b', {}, "cannot be written in a line"),
        ("名", {}, "nothing is not the name of a column: choose --column"),
        ("x", {"column": "Big"}, "Big is not the name of a column"),
        ("x", {"values": [None]}, "nothing but null was seen of x: choose --kind"),
        ("x", {"values": [{"a": 1}, 2]}, "an object or an array in 1 of 2 values: it stays"),
        ("x", {"values": [True, "maybe"]}, "no kind holds every value of x exactly"),
    ],
)
def test_what_cannot_be_a_column_is_refused_with_its_reason(
    key: str, more: dict[str, Any], reason: str
) -> None:
    values = parsed(*more.get("values", [1]))

    with pytest.raises(ConfigError, match=reason):
        proposal(ASSETS, key, values, typed, more.get("column"))


def test_name_and_kind_can_be_chosen() -> None:
    made = proposal(ASSETS, "名", parsed(1, None), typed, "rank_of_name", "amount")

    assert (made.line, made.values, made.nulls) == ("rank_of_name 名 amount", 2, 1)


@pytest.mark.parametrize("name", TABULAR)
def test_the_line_is_written_and_the_version_rises_and_nothing_else_changes(
    name: str, tmp_path: Path
) -> None:
    made = Proposal(TABULAR[name], "trustScore", "trust_score", "int", 3, 0)

    written = with_field(CONTRACT, made)
    module = tmp_path / "datasets.py"
    module.write_text(written)
    contract = runpy.run_path(str(module))

    changes = [line[0] for line in ndiff(CONTRACT.splitlines(), written.splitlines())]
    # The last field loses its quotes to the new one, and the version is another.
    assert (changes.count("-"), changes.count("+")) == (2, 3)
    for one in TABULAR.values():
        now = contract["TABULAR"][one.name]
        assert one.element is not None
        is_it = one.name == name
        assert now.version == one.version + is_it
        assert [field.column for field in now.element.fields] == [
            *(field.column for field in one.element.fields),
            *(["trust_score"] if is_it else []),
        ]
    columns = [column.name for column in contract["TABLES"][TABULAR[name].tables[0]].columns]
    assert columns.index("trust_score") == columns.index("source_ts") - 1


def test_a_second_field_goes_below_the_first_and_none_is_written_twice() -> None:
    first = Proposal(RATES, "one", "one", "int", 1, 0)
    once = with_field(CONTRACT, first)
    twice = with_field(once, replace(first, key="two", column="two"))

    assert '            one one int\n            two two int"""' in twice
    assert twice.count("version=3") == 1
    with pytest.raises(ConfigError, match="has the key one of rates already"):
        with_field(twice, first)
    with pytest.raises(ConfigError, match="has no dataset rates"):
        with_field("x = 1\n", first)
    with pytest.raises(ConfigError, match="write the line yourself"):
        with_field('X = Dataset("rates", "t", Element("rates", LINES))\n', first)


def told(name: str) -> UnknownField:
    return UnknownField(name, 1, "7", NINE.start_ms, NINE.start_ms)


async def test_the_values_are_those_of_the_raw_objects_of_hours_that_have_the_key() -> None:
    lake = PublishedLake()
    lake.land("assets", NINE, answer(NINE, bitcoin(score=7.50), bitcoin(id="b", score=None)))
    lake.land("assets", TEN, answer(TEN, bitcoin()), b"not JSON", b'{"score":1}', None)
    lake.land("rates", NINE, answer(NINE, {"id": "dollar", "rateUsd": "1", "other": 1}))
    lake.publish("assets", NINE, unknown_fields=(told("score"),))
    lake.publish("assets", TEN)
    lake.publish("rates", NINE, unknown_fields=(told("other"),))
    store = (await proven(lake)).store

    (seen,) = await seen_in(store, "score", list(TABULAR), [DT])

    assert (seen.feed, seen.hours, seen.is_told, len(seen.keys)) == ("assets", [NINE], True, 2)
    assert await values_of(store, seen, "score") == ["7.5", None]


async def test_a_key_is_found_however_its_json_is_escaped() -> None:
    lake = PublishedLake()
    body = answer(NINE, bitcoin(score=1)).replace(b'"score"', b'"\\u0073core"')
    lake.land("assets", NINE, body)
    lake.publish("assets", NINE, unknown_fields=(told("score"),))
    store = (await proven(lake)).store

    (seen,) = await seen_in(store, "score", ["assets"], [DT])

    assert await values_of(store, seen, "score") == ["1"]


async def test_where_no_entry_names_the_key_the_raw_objects_are_searched() -> None:
    lake = PublishedLake()
    lake.land("assets", NINE, answer(NINE, bitcoin(score="x")))
    lake.land("rates", NINE, answer(NINE, {"id": "dollar", "rateUsd": "1"}))
    lake.publish("assets", NINE)
    lake.publish("rates", NINE)
    store = (await proven(lake)).store

    found = await seen_in(store, "score", list(TABULAR), [DT])

    assert [(one.feed, one.is_told) for one in found] == [("assets", False), ("rates", False)]
    assert [await values_of(store, one, "score") for one in found] == [["x"], []]
    assert MARKETS.name not in {one.feed for one in found}
