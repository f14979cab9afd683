"""The operator's commands: rebuild an hour, try a failed one now."""

import asyncio
from collections.abc import Callable

from etl_runner.core.batch import inputs_of
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.records import Command
from etl_runner.loop.lake import LakeReader
from etl_runner.loop.records import RunnerRecords


class OperatorCommands:
    """Changes what is wanted of an hour and wakes the loop."""

    def __init__(
        self,
        lake: LakeReader,
        hours: Hours,
        records: RunnerRecords,
        wake: asyncio.Event,
        now_ms: Callable[[], int],
    ) -> None:
        self._lake = lake
        self._hours = hours
        self._records = records
        self._wake = wake
        self._now_ms = now_ms

    async def rebuild(self, hour: FeedHour, *, accepts_missing: bool = False) -> bool:
        """Mark an hour for rebuild; False where it has no raw objects.

        What is accepted outlives the process. `accepts_missing`: also without raw objects that
        have vanished, whose rows are given up. Raises TransientError where the lake is away,
        InvariantError where the ledger cannot be read.
        """
        head = await self._lake.head(hour)
        inputs = inputs_of(await self._lake.raw_of_hour(hour, head))
        if not inputs:
            return False
        now_ms = self._now_ms()
        self._hours.committed(hour, head, now_ms)
        self._hours.listed(hour, inputs, now_ms)
        version = 0 if head is None else head.version
        await self._records.rebuild(hour, Command(version, accepts_missing), now_ms)
        self._hours.retry(hour)
        await self._records.save()
        if accepts_missing:
            self._hours.set_aside(hour, None)
        self._wake.set()
        return True

    async def retry(self, hour: FeedHour) -> bool:
        """Try a failed or parked hour now; False where it is neither."""
        found = self._hours.retry(hour)
        if found:
            await self._records.save()
        self._wake.set()
        return found
