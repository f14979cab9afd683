"""A feed's day as it lies in bucket and catalog, in an order in which a runner at work is no difference.

The ledger is read first: what is published meanwhile is of a later version than the head that was
seen, which is told from a fault. Raw is listed after the heads, so that it has all that they name.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from coinlake.contracts.cloud import CURATED_PREFIX, LEDGER_PREFIX
from coinlake.contracts.datasets import TABULAR, Dataset
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry
from coinlake.contracts.raw_layout import topic_prefix
from coinlake.contracts.raw_meta import parse_raw_meta
from coinlake.differences import (
    DaySeen,
    Head,
    ObjectSeen,
    RawSeen,
    head_keys,
    head_of,
)
from coinlake.errors import TransientError
from coinlake.fan_out import fan_out
from coinlake.store import ObjectStore
from coinlake_tools.lake_catalog import Catalog

_AT_ONCE = 16
VERSION = "version"
"""The user metadata of a published object that says of which version it is."""


@dataclass(frozen=True, slots=True)
class Everything:
    """The days of a feed, and what is of no day: a table and a folder or values, or a folder alone."""

    days: set[str]
    strange: list[tuple[str | None, str]]


def day_of(text: str) -> str | None:
    """A day as the partitions name it; None where it is none."""
    try:
        return text if date.fromisoformat(text).isoformat() == text else None
    except ValueError:
        return None


class DayReader:
    """Reads one day of one feed at a time; keeps nothing."""

    def __init__(self, store: ObjectStore, catalog: Catalog) -> None:
        self._store = store
        self._catalog = catalog

    async def look(self, feed: str, dt: str) -> DaySeen:
        """The day from all four sides. Raises TransientError where bucket or catalog is away."""
        dataset = TABULAR[feed]
        ledger = await self._keys(f"{LEDGER_PREFIX}feed={feed}/dt={dt}/")
        newest = head_keys(ledger)
        read = await fan_out(self._head, list(newest.values()), _AT_ONCE)
        heads: dict[Hour, Head] = dict(zip(newest, read, strict=True))
        raw = await self._raw(f"{topic_prefix(dataset.topic)}dt={dt}/", heads.values())
        objects = await self._objects(dataset.published, dt, heads.values())
        partitions = {
            table: await self._catalog.partitions(table, dt) for table in dataset.published
        }
        return DaySeen(feed, dt, raw, ledger, heads, objects, partitions)

    async def raw_alone(self, dataset: Dataset, dt: str) -> list[RawSeen]:
        """A day of a dataset of which no tables are made: no object of it has values for one."""
        return [
            RawSeen(found.key, found.etag, found.size, found.last_modified_ms, has_values=False)
            async for found in self._store.list(f"{topic_prefix(dataset.topic)}dt={dt}/")
            if not found.key.endswith("/")
        ]

    async def everything(self, feed: str) -> Everything:
        """All folders and partitions of a feed, on any of the four sides."""
        dataset = TABULAR[feed]
        prefixes: dict[str, str | None] = {topic_prefix(dataset.topic): None}
        prefixes[f"{LEDGER_PREFIX}feed={feed}/"] = None
        prefixes |= {f"{CURATED_PREFIX}{table}/": table for table in dataset.published}
        days, strange = set[str](), list[tuple[str | None, str]]()
        for prefix, table in prefixes.items():
            async for folder in self._store.list_folders(prefix):
                day = day_of(folder.removeprefix(prefix).strip("/").removeprefix("dt="))
                if day is None or folder != f"{prefix}dt={day}/":
                    strange.append((table, folder))
                else:
                    days.add(day)
        for table in dataset.published:
            for one in await self._catalog.partitions(table, None) or ():
                day = day_of(one.values[0] if one.values else "")
                if day is None:
                    strange.append((table, ", ".join(one.values)))
                else:
                    days.add(day)
        return Everything(days, strange)

    async def _keys(self, prefix: str) -> list[str]:
        return [
            found.key async for found in self._store.list(prefix) if not found.key.endswith("/")
        ]

    async def _head(self, key: str) -> Head:
        body = await self._store.get(key)
        if body is None:
            raise TransientError(f"{key} was listed but no longer exists")
        return head_of(key, body)

    async def _raw(self, prefix: str, heads: Iterable[Head]) -> list[RawSeen]:
        inputs = {
            one.key for head in heads if isinstance(head, LedgerEntry) for one in head.inputs
        }
        listed = [
            RawSeen(found.key, found.etag, found.size, found.last_modified_ms)
            async for found in self._store.list(prefix)
            if not found.key.endswith("/")
        ]
        # Whether an object of heartbeats alone is new matters to nobody: those that are no input are asked.
        new = [one for one in listed if one.key not in inputs]
        asked = {one.key: one for one in await fan_out(self._with_values, new, _AT_ONCE)}
        return [asked.get(one.key, one) for one in listed]

    async def _with_values(self, one: RawSeen) -> RawSeen:
        head = await self._store.head(one.key)
        meta = None if head is None else parse_raw_meta(head.metadata)
        return one if meta is None else replace(one, has_values=meta.values > 0)

    async def _objects(
        self, tables: Iterable[str], dt: str, heads: Iterable[Head]
    ) -> list[ObjectSeen]:
        published = {
            (out.key, out.etag)
            for head in heads
            if isinstance(head, LedgerEntry)
            for out in head.outputs
        }
        listed = [
            ObjectSeen(table, found.key, found.etag, found.size, found.last_modified_ms)
            for table in tables
            async for found in self._store.list(f"{CURATED_PREFIX}{table}/dt={dt}/")
            if not found.key.endswith("/")
        ]
        other = [one for one in listed if (one.key, one.etag) not in published]
        asked = {one.key: one for one in await fan_out(self._versioned, other, _AT_ONCE)}
        return [asked.get(one.key, one) for one in listed]

    async def _versioned(self, one: ObjectSeen) -> ObjectSeen:
        head = await self._store.head(one.key)
        said = "" if head is None else head.metadata.get(VERSION, "")
        if head is None or not (said.isascii() and said.isdigit()):
            return one
        return replace(one, etag=head.etag, size=head.size, version=int(said))
