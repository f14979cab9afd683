"""The operator's commands: rebuild an hour, try a failed one now."""

import asyncio
from collections.abc import Callable

from etl_runner.core.batch import inputs_of
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.loop.lake import LakeReader


class OperatorCommands:
    """Changes what is wanted of an hour and wakes the loop."""

    def __init__(
        self, lake: LakeReader, hours: Hours, wake: asyncio.Event, now_ms: Callable[[], int]
    ) -> None:
        self._lake = lake
        self._hours = hours
        self._wake = wake
        self._now_ms = now_ms

    async def rebuild(self, hour: FeedHour) -> bool:
        """Mark an hour for rebuild; False where it has no raw objects."""
        inputs = inputs_of(await self._lake.raw_of_hour(hour))
        if not inputs:
            return False
        self._hours.committed(hour, await self._lake.head(hour), self._now_ms())
        self._hours.listed(hour, inputs, self._now_ms())
        self._hours.force(hour, self._now_ms())
        self._wake.set()
        return True

    async def retry(self, hour: FeedHour) -> bool:
        """Try a failed or parked hour now; False where it is neither."""
        found = self._hours.retry(hour)
        self._wake.set()
        return found
