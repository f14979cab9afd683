"""The catalog's part of publishing: tables by the crawler, partitions by the API."""

from collections.abc import Mapping, Sequence

from coinlake import logs
from coinlake.contracts.datasets import table_named
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import Output
from coinlake.errors import TransientError
from etl_runner.core.hours import FeedHour
from etl_runner.core.ports import TableCatalog
from etl_runner.metrics import EtlMetrics

log = logs.get(__name__)


class TableRegistrar:
    """Makes published objects visible."""

    def __init__(self, catalog: TableCatalog, metrics: EtlMetrics) -> None:
        self._catalog = catalog
        self._metrics = metrics

    async def register(self, outputs: Mapping[FeedHour, Sequence[Output]]) -> None:
        """Register the partition of every output; crawls first where a table is not as it should.

        A crawl costs more than a run, so it happens only for a table that is missing or lacks a
        column of the contract.
        """
        wanted: dict[str, list[Hour]] = {}
        for hour, published in outputs.items():
            for output in published:
                wanted.setdefault(output.table, []).append(hour.at)
        if not wanted:
            return
        lacking = [table for table in wanted if not await self._is_there(table)]
        if lacking:
            await self.crawl(reason=f"tables to create: {', '.join(lacking)}")
        for table, hours in wanted.items():
            await self._catalog.register(table, hours)

    async def crawl(self, reason: str) -> None:
        """Run the crawler to its end. Raises TransientError where it did not succeed."""
        log.info("crawl_started", reason=reason)
        try:
            await self._catalog.crawl()
        except (TransientError, TimeoutError) as error:
            self._metrics.crawls.labels(outcome="failed").inc()
            raise TransientError(f"crawl: {error or 'took too long'}") from error
        self._metrics.crawls.labels(outcome="succeeded").inc()

    async def _is_there(self, table: str) -> bool:
        columns = await self._catalog.columns(table)
        if columns is None:
            return False
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
        return all(column.name in found for column in contract.columns)
