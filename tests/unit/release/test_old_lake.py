"""What was written before the names were frozen is read by the code of now (the folder says by whom)."""

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from coinlake.contracts.datasets import TABULAR, table_named
from coinlake.contracts.epochs import parse_epoch
from coinlake.contracts.headers import POLL_ID, SHA256
from coinlake.contracts.ledger import LedgerEntry, parse_entry, parse_ledger_key
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_layout import RawKey, parse_raw_key
from coinlake.contracts.raw_meta import RawMeta, parse_raw_meta
from ingestor.adapters.journal import open_journal

FOLDER = Path(__file__).resolve().parents[2] / "data/compatibility/before_names"


@dataclass(frozen=True, slots=True)
class Kept:
    """An object as it lay in S3."""

    body: bytes
    metadata: dict[str, str]


@pytest.fixture(scope="module")
def bucket() -> dict[str, Kept]:
    with tarfile.open(FOLDER / "bucket.tar.gz") as packed:
        bodies = {one.name: _read(packed, one) for one in packed.getmembers() if one.isfile()}
    meta = json.loads(bodies["meta.json"])
    return {key: Kept(bodies[f"objects/{key}"], meta[key]["metadata"]) for key in meta}


def _read(packed: tarfile.TarFile, one: tarfile.TarInfo) -> bytes:
    opened = packed.extractfile(one)
    assert opened is not None
    return opened.read()


def _raw(bucket: dict[str, Kept]) -> Iterator[tuple[RawKey, RawMeta, Kept]]:
    for key, kept in sorted(bucket.items()):
        if key.startswith("raw/"):
            parsed, meta = parse_raw_key(key), parse_raw_meta(kept.metadata)
            assert parsed is not None, key
            assert meta is not None, key
            yield parsed, meta, kept


def _ledger(bucket: dict[str, Kept]) -> dict[str, LedgerEntry]:
    return {
        key: parse_entry(kept.body) for key, kept in bucket.items() if key.startswith("ledger/")
    }


def test_each_raw_object_holds_what_its_metadata_say_and_the_chains_have_no_hole(
    bucket: dict[str, Kept],
) -> None:
    ends: dict[tuple[str, int], int] = {}
    values = 0
    for key, meta, kept in _raw(bucket):
        decoded = decode(kept.body)
        assert decoded.sha256 == meta.sha256
        assert len(decoded.records) == meta.records
        place = (key.topic, key.partition)
        assert key.link == meta.link == ends.get(place, 0)
        ends[place] = meta.next_offset
        values += meta.values

    assert len(ends) >= 4
    assert values > 15


def test_each_epoch_is_read(bucket: dict[str, Kept]) -> None:
    records = {
        key: parse_epoch(kept.body)
        for key, kept in bucket.items()
        if key.startswith("chain/") and key.endswith(".json")
    }

    assert {one.number for one in records.values()} == {1}
    assert all(one.topic in key and one.topic_id is not None for key, one in records.items())


def test_each_version_of_the_ledger_names_tables_that_are_there_with_their_rows(
    bucket: dict[str, Kept],
) -> None:
    entries = _ledger(bucket)

    assert len(entries) == 4
    for key, entry in entries.items():
        assert parse_ledger_key(key) == (entry.feed, entry.at, entry.version)
        assert all(one.key in bucket for one in entry.inputs)
        for output in entry.outputs:
            table = pq.read_table(io.BytesIO(bucket[output.key].body))
            assert (table.num_rows, len(bucket[output.key].body)) == (output.rows, output.size)


def test_an_entry_of_now_adds_fields_at_the_top_alone_so_that_readers_before_skip_them(
    bucket: dict[str, Kept],
) -> None:
    """They take a field there that they do not know for one of a later version (ADR 86)."""
    for key, kept in bucket.items():
        if key.startswith("ledger/"):
            then = json.loads(kept.body)
            entry = parse_entry(kept.body)
            now = json.loads(entry.encode())
            assert entry.quality == ()
            assert {name: now[name] for name in then} == then
            since = {"watermark_ms", "valueless", "unknown_fields", "contract", "quality"}
            assert set(now) - set(then) <= since


def test_each_table_has_the_columns_of_the_contract_or_fewer(bucket: dict[str, Kept]) -> None:
    """New tables and columns may have come since; none has gone."""
    known = {name for dataset in TABULAR.values() for name in dataset.published}
    names = {key.split("/")[1] for key in bucket if key.startswith("curated/")}

    assert {"quotes", "quotes_quarantine"} < names <= known
    for key, kept in bucket.items():
        if key.startswith("curated/"):
            columns = {column.name for column in table_named(key.split("/")[1]).columns}
            assert set(pq.read_schema(io.BytesIO(kept.body)).names) <= columns


async def test_what_a_journal_still_holds_is_sent_as_it_was_received(tmp_path: Path) -> None:
    with tarfile.open(FOLDER / "ingestor-state.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")

    async with open_journal(tmp_path / "journal", max_bytes=50_000_000) as journal:
        waiting = [await journal.read(pending) for pending in journal.progress.pending]
        aside = journal.aside_files

    assert len(waiting) == 12
    assert aside == 0
    assert {one.topic for one in waiting} == {
        "coincap.assets.v1",
        "coincap.rates.v1",
        "coincap.exchanges.v1",
        "coincap.markets.v1",
    }
    assert all({POLL_ID, SHA256} <= {name for name, _ in one.headers} for one in waiting)
