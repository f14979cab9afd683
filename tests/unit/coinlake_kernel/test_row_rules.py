"""One answer to typed rows: every odd body has a rule."""

import json
from decimal import Decimal
from typing import Any

import pytest

from coinlake.contracts.datasets import ELEMENTS, TABLES, TABULAR
from coinlake.contracts.tables import PROVENANCE, TIMES
from coinlake_kernel.answers import JudgedAnswer, read_answer
from coinlake_kernel.rules import BY_TABLE

AT_MS = 1_795_341_600_000
RECEIVED_MS = AT_MS + 300


def read(data: Any, feed: str = "assets", **envelope: Any) -> JudgedAnswer:
    body = {"timestamp": AT_MS, "data": data} | envelope
    return read_text(json.dumps(body), feed)


def read_text(body: str, feed: str = "assets") -> JudgedAnswer:
    return read_answer(feed, body.encode(), RECEIVED_MS, 60_000)


def asset(**more: Any) -> dict[str, Any]:
    return {"id": "bitcoin", "priceUsd": "1.5"} | more


def test_an_asset_becomes_a_typed_row() -> None:
    answer = read([asset(rank="1", maxSupply=None, changePercent24Hr="-1.2e-3")])

    row = answer.rows[0]
    assert row["price_usd"] == Decimal("1.5")
    assert row["rank"] == 1
    assert row["max_supply"] is None
    assert row["change_24h_pct"] == Decimal("-0.0012")
    assert row["extra"] == {}
    assert answer.source_ms == AT_MS


def test_what_does_not_fit_is_null_with_its_text_and_counted() -> None:
    answer = read([asset(supply="a lot", rank=[1], name=True)])

    row = answer.rows[0]
    assert (row["supply"], row["rank"], row["name"]) == (None, None, None)
    assert row["extra"] == {"supply": "a lot", "rank": "[1]", "name": "true"}
    assert answer.tallies["unfit:supply"] == 1


def test_unknown_keys_are_kept_and_reported() -> None:
    answer = read([asset(score={"a": [1, None]}), asset(id="x", score="2")], page=1)

    assert [row["extra"] for row in answer.rows] == [
        {"score": '{"a":[1,null]}'},
        {"score": "2"},
    ]
    assert answer.tallies["unknown:score"] == 2
    assert answer.tallies["unknown:envelope.page"] == 1


def test_a_million_unknown_keys_are_few_names() -> None:
    answer = read([asset(**{f"k{n}": n for n in range(500)})])

    assert sum(name.startswith("unknown:") for name in answer.tallies) == 65
    assert answer.tallies["unknown:(other)"] == 436
    assert len(answer.rows[0]["extra"]) == 500


@pytest.mark.parametrize("price", [None, "", "NaN", "free", "1e-30", [], True])
def test_a_row_without_a_usable_price_is_quarantined_with_its_text(price: Any) -> None:
    answer = read([asset(priceUsd=price), asset(id="ok")])

    assert [row["asset_id"] for row in answer.rows] == ["ok"]
    rejected = answer.rejected[0]
    assert (rejected.table, rejected.rule, rejected.element_index) == (
        "quotes",
        "price_usable",
        0,
    )
    assert json.loads(rejected.raw)["priceUsd"] == price
    assert answer.tallies["elements"] == 2
    assert answer.tallies["rows"] + answer.tallies["quarantined_rows"] == 2


def test_an_entry_that_is_no_object_is_quarantined() -> None:
    answer = read([None, "x", asset()])

    assert [rejected.raw for rejected in answer.rejected] == ["null", '"x"']
    assert len(answer.rows) == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty body"),
        (b" \n", "empty body"),
        (b"<html>", "not JSON"),
        (b'{"timestamp":1,"data":[{"id"', "not JSON"),
        (b"[]", "an array, not an object"),
        (b'{"timestamp":1}', "no data"),
        (b'{"error":"gone"}', 'no data: "gone"'),
        (b'{"data":{"message":"sunset"}}', "data is an object"),
    ],
)
def test_an_unusable_body_has_a_reason_and_no_rows(body: bytes, reason: str) -> None:
    answer = read_answer("assets", body, AT_MS, 60_000)

    assert reason in (answer.reason or "")
    assert answer.rows == []


def test_tokens_keep_their_places_and_bad_ones_are_put_aside() -> None:
    answer = read([asset(tokens={"1": ["0xa", 7.5, None, "0xb"], "10": "0xc", "56": []})])

    assert answer.rows[0]["tokens"] == [("1", ["0xa", "7.5", None, "0xb"]), ("56", [])]
    assert [rejected.table for rejected in answer.rejected] == ["asset_tokens", "asset_tokens"]
    assert answer.tallies["rows"] == 1


@pytest.mark.parametrize("tokens", [[], "x", 1])
def test_tokens_of_a_wrong_type_do_not_cost_the_quote(tokens: Any) -> None:
    answer = read([asset(tokens=tokens)])

    assert len(answer.rows) == 1
    assert answer.rejected[0].table == "asset_tokens"


def test_soft_rules_count_and_keep_the_row() -> None:
    answer = read([asset(priceUsd="0", rank="0"), asset()], timestamp=AT_MS - 3_600_000)

    assert len(answer.rows) == 2
    assert answer.tallies["rule:price_usd_positive"] == 1
    assert answer.tallies["rule:rank_positive"] == 1
    assert answer.tallies["rule:unique_in_answer"] == 1
    assert answer.tallies["rule:source_time_near"] == 2


def test_a_market_lives_with_either_price() -> None:
    ids = {"exchangeId": "e", "baseId": "b", "quoteId": "q"}

    answer = read([ids | {"priceQuote": "1"}, ids | {"priceUsd": "1"}, ids], feed="markets")

    assert (len(answer.rows), len(answer.rejected)) == (2, 1)


def test_a_byte_order_mark_is_no_fault() -> None:
    answer = read_answer("rates", b'\xef\xbb\xbf{"data":[]}', AT_MS, 60_000)

    assert answer.reason is None


@pytest.mark.parametrize("feed", list(TABULAR))
def test_every_column_of_a_table_has_a_source(feed: str) -> None:
    element = ELEMENTS[feed]
    columns = {column.name for column in TABLES[element.table].columns}

    fields = {field.column for field in element.fields}

    from_the_record = {column.name for column in (*TIMES, *PROVENANCE)} - {"element_index"}
    assert fields | {"extra", "element_index"} == columns - from_the_record
    kinds = {"text", "amount", "ratio", "int", "bigint", "boolean", "millis"}
    assert {field.kind for field in element.fields} <= kinds
    assert TABULAR[feed].published[0] == element.table


@pytest.mark.parametrize(
    "odd", ["", " ", "\t\n", "a\u0000b", "a\u009fb", "x" * 257, "\u00e9" * 129, None]
)
def test_an_id_that_cannot_be_one_is_put_aside_with_its_text(odd: Any) -> None:
    answer = read([{"id": odd, "priceUsd": "1"}, {"id": "b" * 256, "priceUsd": "1"}])

    assert [row["asset_id"] for row in answer.rows] == ["b" * 256]
    (rejected,) = answer.rejected
    assert rejected.rule == "asset_id_usable"
    assert json.loads(rejected.raw)["id"] == odd


def test_a_key_that_is_there_twice_is_counted_and_what_it_hides_is_kept() -> None:
    item = (
        '{"id":"a","priceUsd":"1","priceUsd":"3","new":1.50,"priceUsd":"2","new":{"x":1,"x":2}}'
    )
    answer = read_text(f'{{"timestamp":{AT_MS},"data":[{item}]}}')

    (row,) = answer.rows
    assert row["price_usd"] == 2
    assert row["extra"] == {
        "new": '{"x":1,"x":2}',
        "priceUsd#1": "1",
        "priceUsd#2": "3",
        "new#1": "1.50",
    }
    assert (answer.tallies["repeated:priceUsd"], answer.tallies["repeated:new"]) == (2, 1)


def test_of_a_chain_that_is_there_twice_the_last_counts_and_the_first_is_put_aside() -> None:
    item = '{"id":"a","priceUsd":"1","tokens":{"1":["0xa"],"1":["0xb"]}}'
    answer = read_text(f'{{"timestamp":{AT_MS},"data":[{item}]}}')

    assert answer.rows[0]["tokens"] == [("1", ["0xb"])]
    assert [one.raw for one in answer.rejected] == ['{"1":["0xa"]}']


def test_an_answer_with_two_arrays_is_put_aside_as_a_whole() -> None:
    answer = read_text(
        f'{{"data":[{{"id":"a","priceUsd":"1"}}],"data":[],"timestamp":{AT_MS}}}'
    )

    assert (answer.rule, answer.reason) == ("envelope", "data is there more than once")


@pytest.mark.parametrize(
    "told",
    [0, AT_MS // 1000, AT_MS - 70_000, AT_MS + 70_000, 253_402_300_799_999, "soon", 1.5],
)
def test_a_source_time_that_cannot_be_is_kept_as_text_and_makes_no_candle(told: Any) -> None:
    answer = read([{"id": "a", "priceUsd": "1"}], timestamp=told)

    assert answer.source_ms is None
    assert answer.rows[0]["extra"] == {"source_ts": str(told)}
    assert answer.tallies["unfit:source_ts"] == 1


def test_a_source_time_within_the_bound_stays() -> None:
    for told in (AT_MS, AT_MS + 60_000, AT_MS - 59_700):
        answer = read([{"id": "a", "priceUsd": "1"}], timestamp=told)
        assert (answer.source_ms, answer.rows[0]["extra"]) == (told, {})


@pytest.mark.parametrize("table", BY_TABLE)
def test_each_table_has_hard_rules_and_they_come_first(table: str) -> None:
    hard = [rule.hard for rule in BY_TABLE[table]]

    assert hard[0]
    assert hard == sorted(hard, reverse=True)


@pytest.mark.parametrize(
    ("updated", "stale"),
    [
        (AT_MS, 0),
        (RECEIVED_MS - 86_400_000, 0),
        (RECEIVED_MS - 86_400_001, 1),
        (0, 1),
        (AT_MS + 86_400_001, 0),
        (None, 0),
    ],
)
def test_what_was_updated_more_than_a_day_before_is_stale(updated: Any, stale: int) -> None:
    answer = read([{"exchangeId": "e", "updated": updated}], feed="exchanges")

    assert len(answer.rows) == 1
    assert answer.tallies["rule:updated_recent"] == stale


def test_what_a_hard_rule_puts_aside_is_counted_by_its_name() -> None:
    answer = read([asset(), {"id": "", "priceUsd": "1"}, {"id": "b"}, {"id": "c"}, 7])

    broken = {name: n for name, n in answer.tallies.items() if name.startswith("broken:")}
    assert broken == {
        "broken:asset_id_usable": 1,
        "broken:price_usable": 2,
        "broken:element": 1,
    }
