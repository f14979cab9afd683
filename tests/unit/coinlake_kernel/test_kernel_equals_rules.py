"""The kernel makes what the row rules make: of hours by chance, of recorded and of hostile answers."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from coinlake.contracts.datasets import table_named
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake_kernel import reading
from coinlake_kernel.hour import HourKernel, TypedHour
from coinlake_kernel.records import RawSource
from coinlake_kernel.sorted_rows import SortedRows

from . import broken_rules
from .by_rules import by_rules, plain_rows
from .odd_hours import HOUR, SKEW_MS, Objects, hour_by_chance

DATA = Path(__file__).parents[2] / "data" / "coincap"


def typed(feed: str, objects: Objects) -> TypedHour:
    kernel = HourKernel(feed, SKEW_MS)
    for source, body in objects:
        kernel.add(source, body)
    return kernel.finish()


def rows_in(name: str, rows: SortedRows) -> list[dict[str, Any]]:
    """Rows of a table, in the order of the contract's columns."""
    return plain_rows(rows.table().select([one.name for one in table_named(name).columns]))


def assert_equal(feed: str, objects: Objects) -> TypedHour:
    made, wanted = typed(feed, objects), by_rules(feed, objects)

    assert made.tallies == +wanted.tallies
    assert list(made.unknown_fields) == wanted.unknown_fields()
    assert made.tables.keys() == wanted.tables.keys()
    for name, rows in made.tables.items():
        assert rows_in(name, rows) == wanted.tables[name]
    return made


def assert_all_equal(seeds: range) -> None:
    for seed in seeds:
        assert_equal(*hour_by_chance(seed))


def one_object(feed: str, *bodies: bytes) -> Objects:
    records = [Record(n, HOUR.start_ms + n, None, body) for n, body in enumerate(bodies)]
    key = str(RawKey(f"coincap.{feed}.v1", HOUR, 0, 0, 0))
    source = RawSource(feed, HOUR.dt, HOUR.hour, key, "etag", None, SKEW_MS)
    return [(source, encode(records).body)]


@pytest.mark.parametrize("first", range(0, 60, 30))
def test_hours_by_chance(first: int) -> None:
    assert_all_equal(range(first, first + 30))


@pytest.mark.full_size
@pytest.mark.parametrize("first", range(1_000, 11_000, 500))
def test_many_hours_by_chance(first: int) -> None:
    assert_all_equal(range(first, first + 500))


@pytest.mark.parametrize(
    "changed",
    [
        broken_rules.without_check_of_size,
        broken_rules.without_proof,
        broken_rules.numbers_may_be_texts,
        broken_rules.skew_is_not_looked_at,
        broken_rules.seven_digits_less,
        broken_rules.hard_rules_are_soft,
        broken_rules.columns_announce_nothing,
        broken_rules.nothing_is_stale,
        broken_rules.every_row_is_an_orphan,
        broken_rules.hard_rules_are_not_counted,
    ],
)
def test_control_a_rule_that_is_changed_on_one_side_is_seen(
    monkeypatch: pytest.MonkeyPatch, changed: broken_rules.Break
) -> None:
    changed(monkeypatch)

    with pytest.raises((AssertionError, AttributeError, pa.ArrowInvalid, TypeError)):
        assert_all_equal(range(200))


def test_most_answers_are_read_by_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    read = reading.Reader.read
    found = []

    def watched(self: reading.Reader, value: bytes) -> Any:
        found.append(read(self, value))
        return found[-1]

    monkeypatch.setattr(reading.Reader, "read", watched)
    for seed in range(30):
        typed(*hour_by_chance(seed))

    by_rules_alone = sum(one is None for one in found)
    assert 0.2 * len(found) < by_rules_alone < 0.6 * len(found)


@pytest.mark.parametrize("name", sorted(path.name for path in DATA.glob("*assets*.json")))
def test_recorded_answers_keep_every_digit(name: str) -> None:
    body = (DATA / name).read_bytes()
    if b'"timestamp"' not in body:
        body = body.rstrip()[:-1] + b',"timestamp":%d}' % HOUR.start_ms
    sent = {item["id"]: item for item in json.loads(body)["data"]}

    made = assert_equal("assets", one_object("assets", body))

    rows = {row["asset_id"]: row for row in rows_in("quotes", made.tables["quotes"])}
    assert rows.keys() == sent.keys()
    for asset, item in sent.items():
        for column, key in (
            ("price_usd", "priceUsd"),
            ("supply", "supply"),
            ("max_supply", "maxSupply"),
            ("market_cap_usd", "marketCapUsd"),
            ("volume_24h_usd", "volumeUsd24Hr"),
            ("change_24h_pct", "changePercent24Hr"),
            ("vwap_24h_usd", "vwap24Hr"),
        ):
            text = item.get(key)
            assert rows[asset][column] == (None if text is None else Decimal(text))


def _answer(*items: str, before: str = "", timestamp: str = str(HOUR.start_ms)) -> bytes:
    return f'{before}{{"timestamp":{timestamp},"data":[{",".join(items)}]}}'.encode()


HOSTILE = {
    "nested": b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b',"timestamp":1}',
    "nested element": _answer('{"id":"a","priceUsd":"1","x":' + "[" * 900 + "]" * 900 + "}"),
    "a key twice": _answer('{"id":"a","priceUsd":"1","priceUsd":"2"}'),
    "data twice": b'{"data":[{"id":"a","priceUsd":"1"}],"data":[],"timestamp":1}',
    "surrogate": _answer('{"id":"a","name":"\\ud800","priceUsd":"1"}'),
    "byte order mark": _answer('{"id":"a","priceUsd":"1"}', before="\ufeff"),
    "NaN": _answer('{"id":"a","priceUsd":NaN}', '{"id":"b","priceUsd":"1"}'),
    "exponents": _answer('{"id":"a","priceUsd":1E-5}', '{"id":"b","priceUsd":1e400}'),
    "many digits": _answer('{"id":"a","priceUsd":"' + "1" * 100_000 + '"}'),
    "time as text": _answer('{"id":"a","priceUsd":"1"}', timestamp=f'"{HOUR.start_ms}"'),
    "time as float": _answer('{"id":"a","priceUsd":"1"}', timestamp=f"{HOUR.start_ms}.0"),
    "an id of 3 MB": _answer('{"id":"' + "a" * 3_000_000 + '","priceUsd":"1"}'),
    "NUL": _answer('{"id":"a\\u0000b","priceUsd":"1"}'),
    "many keys": _answer(
        '{"id":"a","priceUsd":"1",' + ",".join(f'"k{n}":{n}' for n in range(5_000)) + "}"
    ),
    "no UTF-8": b'{"timestamp":1,"data":[{"id":"\xff","priceUsd":"1"}]}',
    "a blank id": _answer('{"id":" \\t ","priceUsd":"1"}', '{"id":"","priceUsd":"1"}'),
    "all keys twice": _answer(
        '{"id":"a","id":"b","priceUsd":"1","new":1,"priceUsd":2.50,"new":2,'
        '"tokens":{"1":["a"],"1":["b"]},"tokens":{"2":["c"],"2":["d"]}}'
    ),
    "time twice": b'{"timestamp":1,"data":[{"id":"a","priceUsd":"1"}],"timestamp":2}',
    "time in seconds": _answer(
        '{"id":"a","priceUsd":"1"}', timestamp=str(HOUR.start_ms // 1000)
    ),
    "time zero": _answer('{"id":"a","priceUsd":"1"}', timestamp="0"),
    "the year 9999": _answer('{"id":"a","priceUsd":"1"}', timestamp="253402300799999"),
    "an empty array": _answer(),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_answers(name: str) -> None:
    good = _answer('{"id":"good","priceUsd":"2.50"}')

    made = assert_equal("assets", one_object("assets", good, HOSTILE[name], good + b" "))

    assert made.tallies["usable"] >= 2


@pytest.mark.full_size
def test_an_answer_of_a_million_elements() -> None:
    items = [f'{{"id":"a{n}","priceUsd":"{n}.5"}}' for n in range(1_000_000)]

    made = typed("assets", one_object("assets", _answer(*items)))

    assert made.tallies["rows"] == 1_000_000
    assert len(made.tables["candles_1m"]) == 1_000_000
