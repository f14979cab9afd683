"""Records to tables on a real Spark: duplicates, explode, candles, quarantine, exact decimals."""

import io
import json
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import DataFrame, SparkSession

from coinlake.contracts.hours import Hour
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake_job import transform
from coinlake_job.objects import RawSource, rows_of
from coinlake_job.parquet import groups, parquet_bytes
from coinlake_job.schemas import RECORD, RECORD_ARROW

pytestmark = [
    # pyspark 3.5 asks distutils for versions, and py4j leaves its sockets to the collector.
    pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

HOUR = Hour("2026-11-20", "07")
DATA = Path(__file__).parents[1] / "data" / "coincap"
MINUTE_MS = 60_000


def decoded(spark: SparkSession, feed: str, records: list[Record]) -> DataFrame:
    """Records as the job has them after reading."""
    key = str(RawKey(f"coincap.{feed}.v1", HOUR, 0, 0, records[0].offset))
    body = encode(records).body
    rows = list(rows_of(RawSource(feed, HOUR.dt, HOUR.hour, key, "e", None, MINUTE_MS), body))

    def make(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                yield pa.RecordBatch.from_pylist(rows, schema=RECORD_ARROW)

    return spark.createDataFrame([(1,)], "n int").coalesce(1).mapInArrow(make, RECORD)


def answer(offset: int, data: Any, at_ms: int = 0, key: bytes | None = b"k") -> Record:
    body = {"timestamp": HOUR.start_ms + at_ms, "data": data}
    return Record(offset, HOUR.start_ms + at_ms + 200, key, json.dumps(body).encode())


def price(value: str, asset: str = "bitcoin") -> dict[str, str]:
    return {"id": asset, "priceUsd": value}


def named(frame: DataFrame) -> dict[str, int]:
    return {row["name"]: row["n"] for row in transform.tallies(frame).collect()}


def test_an_answer_sent_twice_is_one_and_counted(spark: SparkSession) -> None:
    twice = [
        answer(0, [price("1")]),
        answer(1, [price("1")]),
        answer(2, [price("1")], key=b"l"),
    ]
    heartbeats = [Record(3, HOUR.start_ms, None, None), Record(4, HOUR.start_ms, None, None)]

    records = transform.deduplicated(decoded(spark, "assets", twice + heartbeats)).cache()
    offsets = [row["kafka_offset"] for row in transform.rows(records, "assets").collect()]

    assert sorted(offsets) == [0, 2]
    assert named(records) == {
        "records": 5,
        "usable": 2,
        "duplicates": 1,
        "heartbeats": 2,
        "elements": 2,
        "rows": 2,
    }


def test_candles_agree_with_the_quotes_of_their_minute(spark: SparkSession) -> None:
    at = {0: "5", 20_000: "9.000000000000000001", 40_000: "2", 59_999: "3", 60_000: "7"}
    records = [answer(n, [price(p)], ms) for n, (ms, p) in enumerate(at.items())]

    quotes = transform.rows(transform.deduplicated(decoded(spark, "assets", records)), "assets")
    candles = transform.candles_1m(quotes).orderBy("minute").collect()

    first, second = candles
    assert (first["open"], first["close"]) == (Decimal(5), Decimal(3))
    assert (first["high"], first["low"]) == (Decimal("9.000000000000000001"), Decimal(2))
    assert (first["quotes"], second["quotes"]) == (4, 1)
    assert (second["dt"], second["hour"]) == (HOUR.dt, HOUR.hour)


def test_tokens_are_exploded_with_their_places(spark: SparkSession) -> None:
    tokens = {"1": ["0xa", None, "0xb"], "56": ["0xc"]}
    records = decoded(spark, "assets", [answer(0, [price("1") | {"tokens": tokens}])])

    rows = transform.asset_tokens(records).orderBy("chain_id", "address_index").collect()
    aside = transform.quarantine(records, "asset_tokens").collect()

    found = [(row["chain_id"], row["address_index"], row["address"]) for row in rows]
    assert found == [("1", 0, "0xa"), ("1", 2, "0xb"), ("56", 0, "0xc")]
    assert [row["rule"] for row in aside] == ["token_usable"]


def test_what_is_no_row_is_in_quarantine_with_reason_and_source(spark: SparkSession) -> None:
    records = [
        answer(0, [price("1"), {"id": "x"}]),
        Record(1, HOUR.start_ms, None, b"{broken"),
        Record(2, HOUR.start_ms, None, b""),
    ]

    frame = transform.deduplicated(decoded(spark, "assets", records))
    rows = transform.quarantine(frame, "quotes").orderBy("kafka_offset").collect()

    assert [(r["kafka_offset"], r["element_index"], r["rule"]) for r in rows] == [
        (0, 1, "price_usable"),
        (1, None, "body"),
        (2, None, "body"),
    ]
    assert rows[1]["raw"] == "{broken"
    assert all(row["raw_object"].startswith("raw/coincap.assets.v1/") for row in rows)


@pytest.mark.parametrize(
    "name", ["v3-assets-list-202512-excerpt.json", "v2-assets-20211027-limit10-raw.json"]
)
def test_recorded_answers_keep_every_digit(spark: SparkSession, name: str) -> None:
    body = (DATA / name).read_bytes()
    if b'"timestamp"' not in body:
        body = body.rstrip()[:-1] + b',"timestamp":%d}' % HOUR.start_ms
    sent = {item["id"]: item for item in json.loads(body)["data"]}

    records = decoded(spark, "assets", [Record(0, HOUR.start_ms, b"k", body)])
    rows = {row["asset_id"]: row for row in transform.rows(records, "assets").collect()}

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
        assert rows[asset]["extra"] == {}


def test_a_table_and_hour_become_one_sorted_object(spark: SparkSession) -> None:
    data = [price("2", "b"), price("1", "a")]
    records = decoded(spark, "assets", [answer(0, data), answer(1, data, 5_000)])
    made = transform.tables(transform.deduplicated(records), ["assets"], ["quotes_quarantine"])

    stacked = transform.stacked(made).repartition(1).sortWithinPartitions("table", "dt", "hour")

    def write(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for (table, _, _), parts in groups(batches):
            body = parquet_bytes(table, parts, {"coinlake.batch_id": "b"})
            yield pa.RecordBatch.from_pylist([{"table": table, "body": body}])

    files = stacked.mapInArrow(write, "table string, body binary").collect()

    assert sorted(row["table"] for row in files) == ["candles_1m", "quotes"]
    body = next(bytes(row["body"]) for row in files if row["table"] == "quotes")
    table = pq.read_table(io.BytesIO(body))
    order = list(
        zip(table["asset_id"].to_pylist(), table["kafka_offset"].to_pylist(), strict=True)
    )
    assert order == [("a", 0), ("a", 1), ("b", 0), ("b", 1)]
    assert table.schema.field("received_ts").type == pa.timestamp("ms", tz="UTC")
    assert table.schema.field("price_usd").type == pa.decimal128(38, 18)
    assert pq.ParquetFile(io.BytesIO(body)).metadata.metadata[b"coinlake.batch_id"] == b"b"


def test_rows_with_equal_content_have_other_bytes_in_another_batch() -> None:
    one = parquet_bytes("quotes", (), {"coinlake.batch_id": "1"})
    other = parquet_bytes("quotes", (), {"coinlake.batch_id": "2"})

    assert one != other
