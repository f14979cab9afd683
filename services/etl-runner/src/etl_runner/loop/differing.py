"""What of a day differs, the catalog included: put right where it can be, told where it cannot."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from coinlake import logs
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from coinlake.differences import (
    DaySeen,
    Difference,
    Kind,
    PartitionSeen,
    differences,
    hours_of,
)
from coinlake.errors import NotFoundError, TransientError
from etl_runner.loop.parts import StepParts

log = logs.get(__name__)

# Without these an hour is in no answer, and nothing says so.
_UNREGISTERED = frozenset(
    {Kind.PARTITION_MISSING, Kind.PARTITION_ELSEWHERE, Kind.TABLE_MISSING}
)
TOLD = frozenset(
    {
        Kind.LEDGER_GAP,
        Kind.LEDGER_STRAY,
        Kind.OBJECT_STRAY,
        Kind.PARTITION_STRAY,
        Kind.RAW_STRAY,
    }
)
"""What nobody repairs, and what no hour is set aside for: each is the reason of an alarm."""
Partitions = Mapping[str, Sequence[PartitionSeen] | None]


async def registered(parts: StepParts, feed: str, dt: str) -> Partitions:
    """What is registered for a feed's day, without the tables that could not be asked: that is told."""
    found: dict[str, Sequence[PartitionSeen] | None] = {}
    for table in TABULAR[feed].published:
        try:
            found[table] = await parts.tables.registered(table, dt)
        except TransientError as error:
            _unknown(parts, table, error)
    return found


async def see_to(parts: StepParts, day: DaySeen, partitions: Partitions) -> list[Difference]:
    """Register again what is committed and has no partition; the day's differences.

    What of the catalog is away or missing is told, and holds up nothing else.
    """
    seen = replace(day, partitions=partitions)
    found = [one for hour in hours_of(seen) for one in differences(hour, parts.bucket)]
    # Nothing is known of a table that could not be asked.
    found = [one for one in found if one.kind not in _UNREGISTERED or one.table in partitions]
    for table in partitions:
        missing = [
            one.at
            for one in found
            if one.table == table and one.kind in _UNREGISTERED and one.at is not None
        ]
        if missing:
            await _register(parts, table, missing)
    return found


def digest_of_day(listed: str, partitions: Partitions) -> str | None:
    """A name for a day's listings and the partitions of the tables that were asked; None where one is
    not there, or none could be asked."""
    if any(found is None for found in partitions.values()) or not partitions:
        return None
    named = sorted(
        (one.table, one.values, one.location)
        for found in partitions.values()
        for one in found or ()
    )
    return hashlib.sha256(f"{listed} {named}".encode()).hexdigest()


async def _register(parts: StepParts, table: str, hours: list[Hour]) -> None:
    parts.metrics.alarms.labels(reason="partition_gone").inc(len(hours))
    log.error("partition_gone", table=table, hours=[hour.path for hour in hours])
    try:
        await parts.tables.register_again(table, hours)
    except (TransientError, NotFoundError) as error:
        _unknown(parts, table, error)


def _unknown(parts: StepParts, table: str, error: Exception) -> None:
    parts.metrics.alarms.labels(reason="partitions_unknown").inc()
    log.warning("partitions_unknown", table=table, reason=str(error))


class Told:
    """Says what differs and stays so: counted at each look, logged when it is new."""

    def __init__(self, parts: StepParts) -> None:
        self._alarms = parts.metrics.alarms
        self._known: dict[tuple[str, str], set[Difference]] = {}

    def tell(self, day: DaySeen, found: Iterable[Difference]) -> None:
        """What was found of a day, all of it."""
        now = {one for one in found if one.kind in TOLD}
        before = self._known.pop((day.feed, day.dt), set())
        if now:
            self._known[day.feed, day.dt] = now
        for one in now:
            self._alarms.labels(reason=str(one.kind)).inc()
            if one not in before:
                log.error("lake_differs", kind=str(one.kind), key=one.key, said=one.said)
