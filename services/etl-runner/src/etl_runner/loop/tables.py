"""The catalog's part of publishing: tables by the crawler, partitions by the API."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from coinlake import logs
from coinlake.contracts.datasets import table_named
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import Output
from coinlake.differences import PartitionSeen
from coinlake.errors import NotFoundError, TransientError
from etl_runner.core.hours import FeedHour
from etl_runner.core.ports import TableCatalog
from etl_runner.metrics import EtlMetrics

log = logs.get(__name__)

# A crawl costs more than a run, and what one crawl did not bring the next seldom does.
CRAWL_AGAIN_S = (60.0, 21_600.0)


class TableRegistrar:
    """Makes published objects visible."""

    def __init__(
        self,
        catalog: TableCatalog,
        metrics: EtlMetrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalog = catalog
        self._metrics = metrics
        self._clock = clock
        self._crawled_for: dict[str, int] = {}
        self._crawl_after: dict[str, float] = {}

    async def register(
        self, outputs: Mapping[FeedHour, Sequence[Output]]
    ) -> dict[FeedHour, str]:
        """Register the partition of every output; the hours that have to wait, and for what.

        Crawls first where a table is missing or lacks a column of the contract, each time after
        twice the wait. What one table lacks holds up the hours of that table alone.
        """
        wanted: dict[str, list[FeedHour]] = {}
        for hour, published in outputs.items():
            for output in published:
                wanted.setdefault(output.table, []).append(hour)
        waits = await self._crawled(wanted)
        for table, hours in wanted.items():
            if table in waits:
                continue
            try:
                await self._catalog.register(table, [hour.at for hour in hours])
            except (TransientError, NotFoundError) as error:
                waits[table] = str(error)
        return {hour: waits[table] for table in waits for hour in wanted[table]}

    async def registered(self, table: str, dt: str) -> Sequence[PartitionSeen] | None:
        """What is registered for a day; None where there is no table. Raises TransientError."""
        try:
            return await self._catalog.registered(table, dt)
        except NotFoundError:
            return None

    async def register_again(self, table: str, hours: Iterable[Hour]) -> None:
        """Register hours that had a partition. Raises TransientError, also where the table is gone
        and no crawl brought it back."""
        waits = await self._crawled([table])
        if table in waits:
            raise TransientError(waits[table])
        await self._catalog.register(table, hours, replaces=True)

    async def crawl(self, reason: str) -> None:
        """Run the crawler to its end. Raises TransientError where it did not succeed."""
        log.info("crawl_started", reason=reason)
        try:
            await self._catalog.crawl()
        except (TransientError, NotFoundError, TimeoutError) as error:
            self._metrics.crawls.labels(outcome="failed").inc()
            raise TransientError(f"crawl: {error or 'took too long'}") from error
        self._metrics.crawls.labels(outcome="succeeded").inc()

    async def _crawled(self, tables: Iterable[str]) -> dict[str, str]:
        """The tables that cannot be used, and why, after a crawl for them if one is due."""
        lacking, waits = await self._lacking(tables)
        due = [table for table in lacking if self._clock() >= self._crawl_after.get(table, 0.0)]
        if due:
            for table in due:
                times = self._crawled_for.get(table, 0)
                self._crawled_for[table] = times + 1
                least_s, most_s = CRAWL_AGAIN_S
                self._crawl_after[table] = self._clock() + min(most_s, least_s * 4.0**times)
            try:
                await self.crawl(reason=f"tables to create: {', '.join(due)}")
            except TransientError as error:
                log.warning("crawl_failed", tables=due, reason=str(error))
            lacking, waits = await self._lacking(tables)
        for table, missing in lacking.items():
            # A column that is not there is read as null; a table that is not there is nothing.
            reason = "table_missing" if missing is None else "column_missing"
            self._metrics.alarms.labels(reason=reason).inc()
            log.error(reason, table=table, columns=missing)
            if missing is None:
                waits[table] = f"table {table} is not in the catalog, and no crawl brought it"
        return waits

    async def _lacking(
        self, tables: Iterable[str]
    ) -> tuple[dict[str, list[str] | None], dict[str, str]]:
        """Tables with the columns that they lack, None where there is no table; who is away."""
        lacking: dict[str, list[str] | None] = {}
        waits: dict[str, str] = {}
        for table in tables:
            try:
                missing = await self._missing(table)
            except TransientError as error:
                waits[table] = str(error)
                continue
            if missing is None or missing:
                lacking[table] = missing
            else:
                self._crawled_for.pop(table, None)
                self._crawl_after.pop(table, None)
        return lacking, waits

    async def _missing(self, table: str) -> list[str] | None:
        columns = await self._catalog.columns(table)
        if columns is None:
            return None
        found = {column.name: column.type for column in columns}
        contract = table_named(table)
        for column in contract.columns:
            if found.get(column.name, column.type) != column.type:
                # Additive only: a type is never changed under its readers.
                self._metrics.alarms.labels(reason="column_type_differs").inc()
                log.error(
                    "column_type_differs",
                    table=table,
                    column=column.name,
                    catalog=found[column.name],
                    contract=column.type,
                )
        return [column.name for column in contract.columns if column.name not in found]
