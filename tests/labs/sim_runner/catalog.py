"""The catalog and its crawler: what is in it, and what hands do to it."""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence

from coinlake.contracts.datasets import TABULAR, table_named
from coinlake.contracts.hours import Hour
from coinlake.contracts.tables import Column
from coinlake.differences import PartitionSeen
from coinlake.errors import NotFoundError, TransientError
from coinlake.views.definition import View
from coinlake.views.live import live_view_names
from tests.labs.sim.wire import Wire

TABLES = tuple(table for feed in TABULAR.values() for table in feed.published)


class CatalogServer:
    """The Data Catalog of one database."""

    def __init__(self, rng: random.Random, reached: Callable[[str], None]) -> None:
        self.tables: set[str] = set()
        self.partitions: set[tuple[str, Hour]] = set()
        self.is_away = False
        self.crawls_fail = 0.0
        self.hidden: set[str] = set()
        """Tables that no crawl brings."""
        self.crawls = 0
        self.views: dict[str, Hour] = {}
        self.moved: Callable[[str, Hour], None] = lambda _, __: None
        """Hears of each live view that is replaced: the feed and its boundary."""
        self._rng = rng
        self._reached = reached

    def columns(self, table: str) -> Sequence[Column] | None:
        return table_named(table).columns if table in self.tables else None

    def registered(self, table: str, dt: str) -> Sequence[PartitionSeen]:
        if table not in self.tables:
            raise NotFoundError(table)
        return [
            PartitionSeen(
                table, (hour.dt, hour.hour), f"s3://lake/curated/{table}/{hour.path}/"
            )
            for name, hour in sorted(self.partitions)
            if name == table and hour.dt == dt
        ]

    def register(self, table: str, hours: Iterable[Hour]) -> None:
        if self.is_away:
            self._reached("catalog away")
            raise TransientError("BatchCreatePartition: 503")
        if table not in self.tables:
            raise NotFoundError(table)
        self.partitions |= {(table, hour) for hour in hours}

    def crawl(self) -> None:
        self.crawls += 1
        if self._rng.random() < self.crawls_fail:
            self._reached("crawl failed")
            raise TransientError("the crawler FAILED")
        if self.hidden:
            self._reached("crawl brought nothing")
        self.tables |= set(TABLES) - self.hidden

    def boundary(self, feed: str) -> Hour | None:
        found = {self.views.get(name) for name in live_view_names(TABULAR[feed])}
        return found.pop() if len(found) == 1 else None

    def replace(self, view: View) -> None:
        if self.is_away:
            raise TransientError("UpdateTable: 503")
        assert view.boundary is not None
        if view.boundary > self.views.get(view.name, view.boundary):
            self._reached("live view moved")
        self.views[view.name] = view.boundary
        feed = next(name for name, one in TABULAR.items() if view.name in live_view_names(one))
        self.moved(feed, view.boundary)

    def drop_table(self, table: str) -> None:
        self.tables.discard(table)
        self.partitions = {one for one in self.partitions if one[0] != table}


class CatalogClient:
    """One runner's client: `TableCatalog` over a network that may fail."""

    def __init__(self, server: CatalogServer, wire: Wire) -> None:
        self._server = server
        self._wire = wire

    async def columns(self, table: str) -> Sequence[Column] | None:
        return await self._wire.ask("GetTable", lambda: self._server.columns(table))

    async def registered(self, table: str, dt: str) -> Sequence[PartitionSeen]:
        return await self._wire.ask("GetPartitions", lambda: self._server.registered(table, dt))

    async def register(
        self, table: str, hours: Iterable[Hour], *, replaces: bool = False
    ) -> None:
        wanted = tuple(hours)
        await self._wire.tell("Register", lambda: self._server.register(table, wanted))

    async def boundary(self, feed: str) -> Hour | None:
        return await self._wire.ask("GetTable view", lambda: self._server.boundary(feed))

    async def replace(self, view: View) -> None:
        await self._wire.tell("UpdateTable view", lambda: self._server.replace(view))

    async def crawl(self) -> None:
        await asyncio.sleep(1.0)
        await self._wire.tell("Crawl", self._server.crawl)
