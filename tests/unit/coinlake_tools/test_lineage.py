"""From a row back to its bytes: what is found, what is compared, and what does not fit."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinlake.contracts.ledger import ledger_key
from coinlake.errors import ConfigError
from coinlake_tools import lineage
from coinlake_tools.element_bytes import element_bytes
from coinlake_tools.lineage_row import Asked, asked_of, row_of
from tests.unit.coinlake_tools.proven import Proven, proven
from tests.unit.coinlake_tools.published import (
    NINE,
    PRICE,
    TEN,
    PublishedLake,
    a_day,
    answer,
    bitcoin,
)


@pytest.fixture
async def lake() -> Proven:
    return await proven()


def first_raw(lake: Proven, hour: str = "09") -> str:
    return lake.keys(f"raw/coincap.assets.v1/dt=2026-11-22/hour={hour}/")[0]


def a_row(lake: Proven, **other: Any) -> dict[str, Any]:
    """A row of quotes as Athena prints it, but for what is told otherwise."""
    return {
        "asset_id": "odd",
        "price_usd": "0.001000000000000000",
        "rank": None,
        "source_ts": "2026-11-22 09:00:01.000",
        "received_ts": "2026-11-22T09:00:02.000Z",
        "extra": "{newKey=7}",
        "poll_id": "poll-1",
        "topic": "coincap.assets.v1",
        "epoch": "1",
        "kafka_partition": 0,
        "kafka_offset": "0",
        "element_index": "1",
        "raw_object": first_raw(lake),
        **other,
    }


async def traced(lake: Proven, table: str, row: Mapping[str, Any]) -> lineage.Lineage:
    return await lineage.traced(lake.store, asked_of(table, row))


async def test_a_row_is_followed_to_its_bytes_and_its_values_are_what_the_rules_give(
    lake: Proven,
) -> None:
    found = await traced(lake, "quotes", a_row(lake))

    body = answer(
        NINE,
        bitcoin(),
        bitcoin(id="odd", priceUsd="1e-3", tokens={"1": ["0xa", "0xb"]}, newKey=7),
    )
    said = "\n".join(lineage.lines(found))
    assert found.wrong == []
    assert f"body {len(body)} bytes, sha256 {hashlib.sha256(body).hexdigest()}" in said
    assert "topic coincap.assets.v1, epoch 1, partition 0, offset 0" in said
    assert "header poll_id: poll-1" in said
    assert "published by version 1 of assets 2026-11-22 09" in said
    assert json.loads(said.splitlines()[-1])["newKey"] == 7
    assert found.element is not None
    assert found.element in body
    assert found.comparison is not None
    assert set(found.comparison.same) == set(a_row(lake)) - {"extra"}
    assert "extra" in found.comparison.not_compared


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("price_usd", "0.001000000000000001"),
        ("price_usd", None),
        ("price_usd", "much"),
        ("rank", "1"),
        ("source_ts", "2026-11-22 09:00:01.001"),
        ("received_ts", "soon"),
        ("poll_id", "poll-2"),
        ("extra", {"newKey": "8"}),
        ("epoch", "2"),
    ],
)
async def test_a_value_that_the_bytes_do_not_give_is_told(
    lake: Proven, column: str, value: Any
) -> None:
    found = await traced(lake, "quotes", a_row(lake, **{column: value}))

    (said,) = found.wrong
    assert said.startswith(f"{column}: the row has {value!r}")


async def test_a_source_time_that_was_too_far_is_judged_as_its_row_says() -> None:
    made = PublishedLake()
    key = made.land("assets", TEN, answer(NINE, bitcoin()))
    made.publish("assets", TEN)
    lake = await proven(made)
    text = str(NINE.start_ms + 1000)
    place = {"raw_object": key, "kafka_offset": 0, "element_index": 0, "asset_id": "bitcoin"}

    far = await traced(
        lake, "quotes", {**place, "source_ts": None, "extra": {"source_ts": text}}
    )
    near = await traced(lake, "quotes", {**place, "source_ts": "2026-11-22 09:00:01.000"})
    lost = await traced(lake, "quotes", {**place, "source_ts": None, "extra": {}})

    assert (far.wrong, near.wrong) == ([], [])
    (said,) = lost.wrong
    assert said.startswith("source_ts: the row has None")


async def test_every_digit_of_a_price_is_compared(lake: Proven) -> None:
    row = a_row(lake, asset_id="bitcoin", element_index=0, price_usd=PRICE)
    near = f"{PRICE[:-1]}1"
    assert float(near) == float(PRICE)

    assert (await traced(lake, "quotes", row)).wrong == []
    (said,) = (await traced(lake, "quotes", {**row, "price_usd": near})).wrong
    assert said.startswith(f"price_usd: the row has '{near}'")


async def test_a_place_alone_is_enough_and_then_it_says_that_nothing_was_compared(
    lake: Proven,
) -> None:
    found = await lineage.traced(lake.store, Asked("quotes", first_raw(lake), 0, 0))

    assert found.wrong == []
    assert "values were not compared: no row was given, only its place" in list(
        lineage.lines(found)
    )
    assert found.element is not None
    assert json.loads(found.element)["priceUsd"] == PRICE


async def test_without_the_job_it_says_that_nothing_was_compared(
    lake: Proven, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lineage, "find_spec", lambda _: None)

    found = await traced(lake, "quotes", a_row(lake))

    assert found.comparison is None
    assert found.not_compared is not None
    assert "not installed here" in found.not_compared


async def test_tokens_and_what_was_put_aside_have_a_lineage_too(lake: Proven) -> None:
    token = {"chain_id": "1", "address": "0xb", "address_index": 1, "asset_id": "odd"}
    ten = {"raw_object": lake.keys("raw/coincap.assets.v1/dt=2026-11-22/hour=10/")[1]}
    element = {"kafka_offset": 6, "element_index": 0, "rule": "price_usable", **ten}
    whole = {"kafka_offset": 7, "element_index": None, "rule": "body", **ten}

    tokens = await traced(lake, "asset_tokens", a_row(lake, **token))
    of_an_element = await traced(lake, "quotes_quarantine", element)
    of_an_answer = await traced(lake, "quotes_quarantine", whole)

    assert [one.wrong for one in (tokens, of_an_element, of_an_answer)] == [[]] * 3
    assert tokens.comparison is not None
    assert {"chain_id", "address"} <= set(tokens.comparison.same)
    for one in (of_an_element, of_an_answer):
        assert one.comparison is not None
        assert "rule" in one.comparison.same

    other = await traced(lake, "asset_tokens", a_row(lake, **{**token, "address": "0xc"}))
    assert other.wrong[0].startswith("address:")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kafka_offset": 99}, "no record with offset 99"),
        ({"kafka_offset": 1}, "it is a heartbeat"),
        ({"element_index": 2}, "no element 2"),
    ],
)
async def test_a_place_that_is_not_there_is_told(
    lake: Proven, change: dict[str, Any], said: str
) -> None:
    found = await traced(lake, "quotes", a_row(lake, **change))

    assert any(said in line for line in found.wrong)


async def test_an_object_that_is_gone_or_changed_or_not_published_is_told(lake: Proven) -> None:
    key, row = first_raw(lake), a_row(lake)
    stored = lake.store.bucket.objects[key]
    other = lake.store.bucket.objects[first_raw(lake, "10")].body

    lake.store.bucket.put(key, other, stored.metadata)
    changed = await traced(lake, "quotes", row)
    assert any("its metadata says" in line for line in changed.wrong)
    assert any("was made of other bytes of it" in line for line in changed.wrong)

    lake.delete(key)
    gone = await traced(lake, "quotes", row)
    assert gone.wrong == ["the raw object is gone: its rows can never be made again"]

    lake.store.bucket.put(key, stored.body, stored.metadata)
    lake.delete(ledger_key("assets", NINE, 1))
    unpublished = await traced(lake, "quotes", row)
    assert any("the ledger has no version of the hour" in line for line in unpublished.wrong)

    late = lake.made.land("assets", TEN, answer(TEN, bitcoin()))
    lake.store.bucket.put(late, *lake.made.objects[late])
    found = await lineage.traced(lake.store, Asked("quotes", late, 9, 0))
    assert any("version 1 was not made of this object" in line for line in found.wrong)


async def test_a_body_that_its_header_does_not_know_is_told() -> None:
    made = a_day()
    key = made.land("rates", TEN, answer(TEN, {"id": "euro", "rateUsd": "2"}))
    made.publish("rates", TEN)
    lake = await proven(made)
    record = Asked("rates", key, made.ends["coincap.rates.v1"] - 1, 0)
    assert (await lineage.traced(lake.store, record)).wrong == []

    made._headers = lambda value, at_ms: (("sha256", b"0" * 64),)  # type: ignore[method-assign]
    key = made.land("rates", TEN, answer(TEN, {"id": "euro", "rateUsd": "3"}))
    made.publish("rates", TEN)
    lake = await proven(made)
    record = Asked("rates", key, made.ends["coincap.rates.v1"] - 1, 0)

    (said,) = (await lineage.traced(lake.store, record)).wrong
    assert "its header says 000" in said


@pytest.mark.parametrize(
    ("table", "row", "said"),
    [
        ("dreams", {"raw_object": "raw/x", "kafka_offset": 0}, "no table dreams"),
        ("candles_1m", {"raw_object": "raw/x", "kafka_offset": 0}, "made of many"),
        ("quotes", {"raw_object": "raw/x", "kafka_offset": 0}, "not the key of a raw object"),
        ("quotes", {"raw_object": "raw/x"}, "no kafka_offset"),
        ("quotes", {"kafka_offset": 0}, "no raw_object"),
        ("quotes", {"raw_object": "raw/x", "kafka_offset": "first"}, "no number"),
    ],
)
async def test_a_row_that_names_no_place_is_refused(
    lake: Proven, table: str, row: dict[str, Any], said: str
) -> None:
    with pytest.raises(ConfigError, match=said):
        await traced(lake, table, row)


async def test_a_row_of_another_dataset_is_refused(lake: Proven) -> None:
    with pytest.raises(ConfigError, match=r"rates is made of coincap\.rates\.v1"):
        await traced(lake, "rates", a_row(lake))


ATHENA = {
    "ResultSet": {
        "ResultSetMetadata": {"ColumnInfo": [{"Name": "a"}, {"Name": "b"}]},
        "Rows": [
            {"Data": [{"VarCharValue": "a"}, {"VarCharValue": "b"}]},
            {"Data": [{"VarCharValue": "1"}, {}]},
        ],
    }
}
SERVICE = {"columns": [{"name": "a"}, {"name": "b"}], "rows": [["1", None]], "meta": {}}


@pytest.mark.parametrize(
    "told", [ATHENA, SERVICE, {"a": "1", "b": None}, [{"a": "1", "b": None}]]
)
def test_a_row_is_taken_as_athena_the_service_or_anybody_gives_it(told: Any) -> None:
    assert row_of(json.dumps(told)) == {"a": "1", "b": None}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "[]",
        "[1, 2]",
        "[" * 100_000,
        '{"ResultSet": 7}',
        '{"columns": [], "rows": []}',
        '{"columns": [{"name": "a"}], "rows": [[1], [2]]}',
        '{"columns": [{"name": "a"}], "rows": [[1, 2]]}',
    ],
)
def test_what_is_not_one_row_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        row_of(text)


def test_the_bytes_of_an_element_are_as_they_came() -> None:
    body = (
        '\ufeff { "x":[{}], "data" :[ {"a": 1.50 , "b":"\\u00e9"},\n 7,"é" ] , "z":0} '.encode()
    )

    assert [element_bytes(body, n) for n in range(4)] == [
        b'{"a": 1.50 , "b":"\\u00e9"}',
        b"7",
        '"é"'.encode(),
        None,
    ]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"data":7}',
        b'{"data":[1',
        b'{"data":[1],',
        b'{"data":[1],"data":7}',
        b'{"data":' + b"[" * 100_000,
    ],
)
def test_a_body_without_that_element_has_no_bytes_of_it(body: bytes) -> None:
    assert element_bytes(body, 0) is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(items=st.lists(VALUES, max_size=5), before=VALUES, indent=st.sampled_from((None, 1)))
def test_each_element_is_found_whatever_stands_around_it(
    items: list[Any], before: Any, indent: int | None
) -> None:
    body = json.dumps({"before": before, "data": items, "timestamp": 1}, indent=indent).encode()

    found = [element_bytes(body, n) for n in range(len(items))]

    assert [json.loads(one or b"") for one in found] == items
    assert element_bytes(body, len(items)) is None


@pytest.mark.parametrize(("text", "wrong"), [('{"error":"no"}', 0), ('{"error":"yes"}', 1)])
async def test_a_rejected_answer_is_followed_as_a_whole(
    lake: Proven, text: str, wrong: int
) -> None:
    row = {
        "status": "200",
        "text": text,
        "is_truncated": "false",
        "bytes": "14",
        "received_ts": "2026-11-22 10:00:02.000",
        "kafka_offset": "0",
        "raw_object": lake.keys("raw/coincap.rejected.v1/dt=2026-11-22/hour=10/")[0],
    }

    found = await traced(lake, "rejected", row)

    assert len(found.wrong) == wrong
    assert found.comparison is not None
    compared = {*found.comparison.same, *(["text"] if wrong else [])}
    assert compared == set(row)
    assert "published by version 1 of rejected 2026-11-22 10" in "\n".join(lineage.lines(found))
