"""The tables of an hour by the row rules alone, in plain Python: what the kernel must equal."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import pyarrow as pa

from coinlake.contracts.datasets import TABULAR, table_named
from coinlake.contracts.ledger import UnknownField
from coinlake.contracts.tables import main_name, quarantine_name
from coinlake_kernel.objects import rows_of
from coinlake_kernel.records import RawSource

Row = dict[str, Any]
_MINUTE_MS = 60_000
_MOMENT = (
    "received_ts",
    "epoch",
    "kafka_partition",
    "kafka_offset",
    "raw_object",
    "element_index",
)


@dataclass
class HourByRules:
    """Rows by table, each with the columns of the contract; times are ms since the epoch."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    tallies: Counter[str] = field(default_factory=Counter)
    examples: list[tuple[str, str, int | None]] = field(default_factory=list)

    def unknown_fields(self) -> list[UnknownField]:
        """Of each unknown key: how often, the earliest example, and between which times."""
        told = []
        for name in dict.fromkeys(name for name, _, _ in self.examples):
            own = [(ms, text) for other, text, ms in self.examples if other == name]
            times = [ms for ms, _ in own if ms is not None]
            first = min(times, default=None)
            example = next(text for ms, text in own if ms == first)
            told.append(
                UnknownField(
                    name if len(name) <= 100 else name[:99] + "…",
                    self.tallies[f"unknown:{name}"],
                    example if len(example) <= 100 else example[:99] + "…",
                    first,
                    max(times, default=None),
                )
            )
        return sorted(told, key=lambda one: (-one.rows, one.name))[:64]


def by_rules(feed: str, objects: Iterable[tuple[RawSource, bytes]]) -> HourByRules:
    main, *others = TABULAR[feed].tables
    made = HourByRules()
    found: dict[str, list[Row]] = {}
    seen: set[Any] = set()
    for source, body in objects:
        records = list(rows_of(source, body))
        _hold_to_promise(made.tallies, source, records)
        for record in records:
            if _is_seen(record, seen):
                made.tallies.update(records=1, duplicates=1)
                continue
            for name, count in record["tallies"]:
                made.tallies[name] += count
            seen_at = record.get("received_ts")
            made.examples += [
                (name, text, seen_at) for name, text in record.get("examples", {}).items()
            ]
            _sort_into(found, record, main)
    if "asset_tokens" in others:
        found["asset_tokens"] = [
            token for row in found.get(main, ()) for token in tokens_of(row)
        ]
    if "candles_1m" in others:
        found["candles_1m"] = _candles(found.get(main, ()))
    for name in others:
        made.tallies[f"orphans:{name}"] = _orphans(found.get(name, ()), found.get(main, ()))
    made.tables = {name: _columns(name, rows) for name, rows in found.items() if rows}
    return made


def _is_seen(record: Row, seen: set[Any]) -> bool:
    """Whether an equal answer was before it; it is from now on."""
    if record["state"] not in ("usable", "quarantined"):
        return False
    same = (record["key"], record["sha256"])
    known = same in seen
    seen.add(same)
    return known


def _hold_to_promise(tallies: Counter[str], source: RawSource, records: Sequence[Row]) -> None:
    if source.promised is None or [one["state"] for one in records] == ["unreadable"]:
        return
    tallies["promised"] += max(source.promised, len(records))
    tallies["unkept"] += abs(source.promised - len(records))


def _orphans(rows: Iterable[Row], quotes: Iterable[Row]) -> int:
    assets = {row["asset_id"] for row in quotes}
    return sum(row["asset_id"] not in assets for row in rows)


def plain_rows(table: pa.Table) -> list[Row]:
    """Rows as Python has them; times are ms since the epoch."""
    columns = {
        one.name: table[one.name].cast(pa.int64())
        if pa.types.is_timestamp(one.type)
        else table[one.name]
        for one in table.schema
    }
    rows: list[Row] = pa.table(columns).to_pylist()
    return rows


def _sort_into(found: dict[str, list[Row]], record: Row, main: str) -> None:
    if record["state"] in ("quarantined", "unreadable"):
        found.setdefault(quarantine_name(main), []).append(record)
    for element in record.get(main) or ():
        found.setdefault(main, []).append(record | element)
    for rejected in record.get("rejected") or ():
        table = quarantine_name(rejected["table"])
        found.setdefault(table, []).append(record | rejected)


def tokens_of(row: Row) -> list[Row]:
    """The rows of an asset's addresses."""
    return [
        row | {"chain_id": chain, "address": address, "address_index": place}
        for chain, addresses in row.get("tokens") or ()
        for place, address in enumerate(addresses)
        if address is not None
    ]


def _candles(quotes: Iterable[Row]) -> list[Row]:
    dated = [
        row | {"minute": row["source_ts"] // _MINUTE_MS * _MINUTE_MS}
        for row in quotes
        if row["source_ts"] is not None
    ]

    def candle(row: Row) -> tuple[str, int]:
        return (row["asset_id"], row["minute"])

    made = []
    for (asset, minute), rows in groupby(sorted(dated, key=candle), candle):
        own = sorted(rows, key=lambda row: (row["source_ts"], *_nulls_last(row, _MOMENT)))
        prices = [row["price_usd"] for row in own]
        made.append(
            {
                "asset_id": asset,
                "minute": minute,
                "open": prices[0],
                "high": max(prices),
                "low": min(prices),
                "close": prices[-1],
                "quotes": len(own),
                "first_source_ts": own[0]["source_ts"],
                "last_source_ts": own[-1]["source_ts"],
                "volume_24h_usd": own[-1]["volume_24h_usd"],
            }
        )
    return made


def _columns(name: str, rows: Sequence[Row]) -> list[Row]:
    table = table_named(name)
    ties = ("received_ts", "kafka_offset", "element_index", "topic", "epoch", "kafka_partition")
    keys = (*table.sort, *(one for one in ties if one not in table.sort))
    if main_name(name) != name:
        keys = (*keys, "raw")
    picked = [{column.name: row.get(column.name) for column in table.columns} for row in rows]
    return sorted(picked, key=lambda row: _nulls_last(row, keys))


def _nulls_last(row: Row, columns: Sequence[str]) -> tuple[Any, ...]:
    return tuple(
        (row.get(one) is None, row.get(one) or 0 if row.get(one) is None else row[one])
        for one in columns
    )
