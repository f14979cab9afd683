"""The dry run: from what a statement reads to bytes, through views, listings and Parquet footers."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

from coinlake import logs
from coinlake.errors import TransientError
from coinlake.fan_out import fan_out
from coinlake.store import Listed
from coinlake.views.raw_tables import RECEIVED_HOUR
from query_api.adapters.footers import Footers
from query_api.adapters.listings import Listings
from query_api.adapters.view_texts import ViewTexts
from query_api.core.estimate import (
    WHY_LESS,
    Estimate,
    ObjectSize,
    TableEstimate,
    chosen_columns,
    has_other_conditions,
    is_wanted,
    undecided,
)
from query_api.core.lake_columns import Layout, columns_of_table, keys_in, layout_of
from query_api.core.read_sources import MAX_READS, Read
from query_api.core.reads import reads_below
from query_api.metrics import QueryApiMetrics
from trino_sql import tree
from trino_sql.failures import SqlError
from trino_sql.query_parser import parse_query

log = logs.get(__name__)

_READS_AT_ONCE = 16
_MAX_VIEW_DEPTH = 8
# More are counted whole: the answer says so, and what was read stays for the next time.
_MAX_FOOTERS = 512
_HOURS = tuple(f"hour={number:02d}" for number in range(24))


class Estimator:
    """What statements read of the lake as it is now. Nothing here is a query."""

    def __init__(
        self,
        views: ViewTexts,
        listings: Listings,
        footers: Footers,
        metrics: QueryApiMetrics,
        now_ms: Callable[[], int],
        deadline_s: float,
    ) -> None:
        self._views, self._listings, self._footers = views, listings, footers
        self._metrics, self._now_ms, self._deadline_s = metrics, now_ms, deadline_s

    async def estimate(self, reads: Sequence[Read] | None) -> Estimate | None:
        """What these references read; None where that cannot be told: too many, or S3 or Glue is away."""
        began, kind = time.monotonic(), "failed"
        try:
            async with asyncio.timeout(self._deadline_s):
                found = None if reads is None else await self._all(reads)
            if found is not None:
                kind = "upper_bound" if found.is_upper_bound else "exact"
            return found
        except (TransientError, TimeoutError) as error:
            log.warning("not_estimated", reason=str(error) or "deadline")
            return None
        finally:
            self._metrics.estimates.labels(kind).inc()
            self._metrics.estimate_seconds.observe(time.monotonic() - began)

    async def _all(self, reads: Sequence[Read]) -> Estimate | None:
        tables = await self._without_views(reads, _MAX_VIEW_DEPTH)
        if tables is None or len(tables) > MAX_READS:
            return None
        made, why = list[TableEstimate](), set[str]()
        for read in tables:
            layout = layout_of(read.table)
            if layout is None:
                return None
            one, reasons = await self._table(read, layout)
            made.append(one)
            why |= {*reasons, *read.why_less} if one.objects else set(reasons)
        return Estimate(tuple(made), tuple(name for name in WHY_LESS if name in why))

    async def _without_views(self, reads: Sequence[Read], depth: int) -> list[Read] | None:
        """The tables below the views among them; None where a view cannot be read."""
        found: list[Read] = []
        for read in reads:
            if layout_of(read.table) is not None:
                found.append(read)
                continue
            inner = await self._below(read) if depth else None
            tables = None if inner is None else await self._without_views(inner, depth - 1)
            if tables is None:
                return None
            found += tables
        return found

    async def _below(self, read: Read) -> list[Read] | None:
        text = await self._views.text(read.table)
        if text is None:
            return None
        # A live view has some kilobytes: its parsing is no work for the loop.
        query = await asyncio.to_thread(_parsed, text)
        inner = query and reads_below(query, read.columns, read.where, columns_of_table)
        if not inner:
            return None if inner is None else []
        return [
            Read(one.table, one.columns, one.where, (*one.why_less, *read.why_less))
            for one in inner
        ]

    async def _table(self, read: Read, layout: Layout) -> tuple[TableEstimate, set[str]]:
        now_ms = self._now_ms()
        days = await self._listings.days(layout.prefix) if layout.keys else [layout.prefix]
        kept = [one for one in days if _may_hold(read, layout, one, now_ms)]
        listed = await self._listings.below(kept)
        objects = [one for one in listed if one.size and _is_read(read, layout, one, now_ms)]
        columns, why = chosen_columns(read, layout), set[str]()
        sizes = await self._sizes(objects, layout, columns)
        if any(one.chunks is None for one in sizes) and layout.is_parquet and sizes:
            why.add("footers")
        if undecided(read, layout):
            why.add("partitions")
        if has_other_conditions(read, layout) and any(one.row_groups > 1 for one in sizes):
            why.add("row_groups")
        total = sum(one.of(columns) for one in sizes)
        return TableEstimate(read.table, columns, len(objects), total), why

    async def _sizes(
        self, objects: list[Listed], layout: Layout, columns: tuple[str, ...] | None
    ) -> list[ObjectSize]:
        if not layout.is_parquet:
            return [ObjectSize(one.size) for one in objects]
        if columns == ():
            # Rows are counted by the footers alone, which Athena does not bill.
            return [ObjectSize(one.size, {}) for one in objects]
        new = [one for one in objects if self._footers.known(one) is None]
        await fan_out(self._footers.size, new[:_MAX_FOOTERS], _READS_AT_ONCE)
        return [self._footers.known(one) or ObjectSize(one.size) for one in objects]


@lru_cache(maxsize=64)
def _parsed(text: str) -> tree.Query | None:
    try:
        return parse_query(text)
    except SqlError as error:
        log.error("view_unreadable", reason=error.name)
        return None


def _may_hold(read: Read, layout: Layout, folder: str, now_ms: int) -> bool:
    """Whether a day's folder, or a feed's of the ledger, may hold what is read."""
    path = folder[len(layout.prefix) :]
    if layout.keys == (RECEIVED_HOUR,):
        keys: list[Mapping[str, str] | None] = [
            keys_in(f"{path}{hour}/", layout) for hour in _HOURS
        ]
        return any(one is not None and is_wanted(read, one, now_ms) for one in keys)
    name, _, value = path.rstrip("/").partition("=")
    return not layout.keys or (
        name == layout.keys[0] and is_wanted(read, {name: value}, now_ms)
    )


def _is_read(read: Read, layout: Layout, of: Listed, now_ms: int) -> bool:
    keys = keys_in(of.key[len(layout.prefix) :], layout)
    return keys is not None and is_wanted(read, keys, now_ms)
