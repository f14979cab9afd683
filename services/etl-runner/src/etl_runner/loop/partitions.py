"""Partitions that somebody removed: without one an hour is in no answer, and nothing says so."""

from collections.abc import Iterable

from coinlake import logs
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from coinlake.errors import NotFoundError, TransientError
from etl_runner.core.batch import FoundHour
from etl_runner.loop.parts import StepParts

log = logs.get(__name__)


async def register_missing(
    parts: StepParts, feed: str, dt: str, found: Iterable[FoundHour]
) -> None:
    """Register again what is committed and has no partition.

    One question per table and day. What of the catalog is away or missing is told, and holds up
    nothing else.
    """
    heads = [one.head for one in found if one.head is not None]
    wanted: dict[str, list[Hour]] = {table: [] for table in TABULAR[feed].published}
    for head in heads:
        for output in head.outputs:
            wanted.setdefault(output.table, []).append(head.at)
    for table, hours in wanted.items():
        if hours:
            try:
                await _register(parts, table, dt, hours)
            except (TransientError, NotFoundError) as error:
                parts.metrics.alarms.labels(reason="partitions_unknown").inc()
                log.warning("partitions_unknown", table=table, dt=dt, reason=str(error))


async def _register(parts: StepParts, table: str, dt: str, hours: list[Hour]) -> None:
    missing = await parts.tables.unregistered(table, dt, hours)
    if missing:
        parts.metrics.alarms.labels(reason="partition_gone").inc(len(missing))
        log.error("partition_gone", table=table, hours=[hour.path for hour in missing])
        await parts.tables.register_again(table, missing)
