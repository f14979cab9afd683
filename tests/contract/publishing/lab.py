"""What the exam needs of an implementation's surroundings, and what watches every outside call."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Literal, Protocol, TypeVar

from coinlake.contracts.ledger import LedgerEntry
from etl_runner.core.batch import FinishedBatch
from etl_runner.core.hours import FeedHour
from etl_runner.core.ports import TablePublisher

Answer = TypeVar("Answer")
Rows = Mapping[str, Sequence[str]]
"""The rows of one hour, by table."""


class KilledError(BaseException):
    """The process is gone in the middle of a call: nobody catches this."""


class Calls:
    """Numbers the outside calls of publishers from 1, and lets something happen at one of them."""

    def __init__(self) -> None:
        self.made = 0
        self.after_each: Callable[[], Awaitable[None]] | None = None
        """Looks at the world after each call."""
        self._at: dict[int, tuple[str, Callable[[], Awaitable[None]]]] = {}
        self._is_looking = False

    def at(
        self, number: int, when: Literal["before", "after"], act: Callable[[], Awaitable[None]]
    ) -> None:
        """Act once around a call: `after` it has had its effect, and before anybody hears of it."""
        self._at[number] = (when, act)

    async def around(self, apply: Callable[[], Awaitable[Answer]]) -> Answer:
        """Make one call. What an action or a look asks of the world is not counted."""
        if self._is_looking:
            return await apply()
        self.made += 1
        when, act = self._at.pop(self.made, ("", None))
        if act is not None and when == "before":
            await act()
        answer = await apply()
        if self.after_each is not None:
            async with self._looking():
                await self.after_each()
        if act is not None and when == "after":
            await act()
        return answer

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[None]:
        self._is_looking = True
        try:
            yield
        finally:
            self._is_looking = False


class PublishingLab(Protocol):
    """A lake of one table format, with nothing in it. Its hours are of the feeds of the product."""

    calls: Calls

    def publisher(self) -> TablePublisher:
        """A publisher as a process of its own has it: it remembers nothing of another."""
        ...

    async def staged(self, rows: Mapping[FeedHour, Rows], over: int = 0) -> FinishedBatch:
        """A batch over a version of its hours, whose run has staged these rows."""
        ...

    async def damage(self, batch: FinishedBatch, hour: FeedHour, *, is_gone: bool) -> None:
        """What was staged for an hour is other bytes, or gone."""
        ...

    async def mix(self, one: FinishedBatch, two: FinishedBatch, hour: FeedHour) -> None:
        """Of an hour's tables the first is published by one batch, the others by another."""
        ...

    def is_staged(self, batch: FinishedBatch) -> bool:
        """Whether anything that the batch staged is there."""
        ...

    def take_away(self, hour: FeedHour) -> None:
        """From now on what is published of this hour cannot be written."""
        ...

    async def read(self, hour: FeedHour) -> Rows:
        """What a query sees of an hour: its rows by table, without the tables that have none."""
        ...

    async def committed(self, hour: FeedHour) -> Sequence[LedgerEntry]:
        """Every committed version of an hour, the oldest first."""
        ...
