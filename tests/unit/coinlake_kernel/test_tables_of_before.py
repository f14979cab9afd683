"""What the job of before this kernel made (job version 1, on Spark) and what is made now are one table.

`tests/data/job_version_1` holds raw objects and what that job staged of them; in none of them does a
rule of version 2 matter.
"""

import io
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from coinlake.contracts.batches import parse_result
from coinlake.contracts.datasets import ELEMENTS, TABULAR
from coinlake.contracts.hours import Hour
from coinlake.contracts.raw_layout import RawKey
from coinlake_kernel.hour import HourKernel, TypedHour
from coinlake_kernel.parquet import parquet_bytes, without_rows
from coinlake_kernel.records import RawSource

FOLDER = Path(__file__).parents[2] / "data" / "job_version_1"
HOUR = Hour("2026-11-20", "07")
BEFORE = sorted(path.stem for path in FOLDER.glob("*.parquet"))
FEED_OF = {table: feed for feed, one in TABULAR.items() for table in one.published}


def made_now(feed: str) -> TypedHour:
    (before,) = [
        hour
        for hour in parse_result((FOLDER / "result.json").read_bytes()).hours
        if hour.feed == feed
    ]
    assert before.at == HOUR
    key = str(RawKey(f"coincap.{feed}.v1", HOUR, 0, 0, 0))
    kernel = HourKernel(feed, 3_600_000)
    # The ETag stands in the rows of the quarantine.
    etag = _etag(feed)
    source = RawSource(feed, HOUR.dt, HOUR.hour, key, etag, None, 3_600_000)
    kernel.add(source, (FOLDER / f"{feed}.json.gz").read_bytes())
    return kernel.finish()


def _etag(feed: str) -> str:
    for table in TABULAR[feed].published:
        path = FOLDER / f"{table}.parquet"
        if path.is_file() and "raw_etag" in pq.read_schema(path).names:
            return str(pq.read_table(path)["raw_etag"][0].as_py())
    return ""


def file_now(table: str) -> bytes:
    rows = made_now(FEED_OF[table]).tables.get(table) or without_rows(table)
    return parquet_bytes(table, rows, {"made": "now"})


@pytest.mark.parametrize("table", BEFORE)
def test_the_rows_are_those_of_before_and_so_is_the_schema(table: str) -> None:
    before = pq.ParquetFile(FOLDER / f"{table}.parquet")
    now = pq.ParquetFile(io.BytesIO(file_now(table)))
    then = before.schema_arrow

    # Further columns may have come since; those of before stay as they were, in their order.
    assert [one for one in now.schema_arrow if one.name in then.names] == list(then)
    assert _rows(now.read(columns=then.names)) == _rows(before.read())


@pytest.mark.parametrize("feed", ELEMENTS)
def test_the_counts_are_those_of_before(feed: str) -> None:
    hours = parse_result((FOLDER / "result.json").read_bytes()).hours
    (before,) = [hour for hour in hours if hour.feed == feed]
    tallies = made_now(feed).tallies

    named = ("records", "usable", "duplicates", "heartbeats", "elements", "rows")
    assert {name: tallies[name] for name in named} == {
        name: getattr(before.counts, name) for name in named
    }
    assert {
        name: n for name, n in tallies.items() if name.startswith(("unfit:", "rule:"))
    } == dict(before.notes)


@pytest.mark.parametrize("table", BEFORE)
def test_an_engine_reads_both_as_one_table(table: str, tmp_path: Path) -> None:
    now = tmp_path / "now.parquet"
    now.write_bytes(file_now(table))
    files = [str(FOLDER / f"{table}.parquet"), str(now)]
    con = duckdb.connect()

    (count,) = con.execute("SELECT count(*) FROM read_parquet(?)", [files]).fetchone() or (0,)
    (other,) = con.execute(
        "SELECT count(*) FROM (SELECT DISTINCT * FROM read_parquet(?))", [files]
    ).fetchone() or (0,)

    rows = pq.read_metadata(FOLDER / f"{table}.parquet").num_rows
    assert count == 2 * rows
    assert other == len({str(row) for row in _rows(pq.read_table(now))})


def test_every_table_of_before_is_here() -> None:
    assert {"quotes", "asset_tokens", "candles_1m", "rates", "exchanges", "markets"} <= set(
        BEFORE
    )


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows
