"""Times that go into records: never below a watermark, even one that nobody has seen yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from coinlake import logs
from coinlake.errors import TransientError
from ingestor.adapters.journal import Journal
from ingestor.core.timeline import STEP_MS
from ingestor.core.watermark import FloorClock
from ingestor.loop.clock import Clock

log = logs.get(__name__)

_SAME_MOMENT_MS = 1_000


class Stamps:
    """Receive times: never below a watermark, and held until the answer has its journal entry."""

    def __init__(self, clock: FloorClock) -> None:
        self.clock = clock
        self._held: dict[int, int] = {}
        self._numbers = count()

    @contextmanager
    def received(self) -> Iterator[int]:
        """The receive time of an answer; no watermark goes beyond it inside."""
        number = next(self._numbers)
        self._held[number] = self.clock()
        try:
            yield self._held[number]
        finally:
            del self._held[number]

    def held_ms(self) -> tuple[int, ...]:
        """Receive times of answers that are not in the journal yet."""
        return tuple(self._held.values())


class Watermarks:
    """The watermarks told to Kafka: on disk before they are sent, lowered where Kafka refused one."""

    def __init__(self, journal: Journal, stamps: Stamps, clock: Clock) -> None:
        self.stamps = stamps
        self.clock = clock
        self._journal = journal

    async def upto_ms(self, now_ms: int) -> int:
        """How far a watermark may go: it is on disk before it is sent.

        So a clock that is set back over a restart does not break it. The watermark that another
        topic was given a moment ago is good enough; where the disk refuses, what it has is.
        """
        if self._journal.progress.floor_ms < now_ms - _SAME_MOMENT_MS:
            # First: the time may be set back while the disk is at work.
            self.stamps.clock.raise_floor(now_ms)
            try:
                await self._journal.raise_floor(now_ms)
            except TransientError as error:
                log.warning("watermark_not_saved", reason=str(error))
        return min(now_ms, self._journal.progress.floor_ms)

    def said(self, complete_ms: int) -> None:
        """Kafka has this watermark."""
        progress = self._journal.progress
        progress.said_ms = max(progress.said_ms, complete_ms)

    async def refused(self, stamp_ms: int) -> int | None:
        """Kafka says that a stamp lies too far ahead: a lower one that it may have, or None.

        A clock was ahead when it was made. The broker's clock only goes on, so it took none as
        high before: the watermark that holds is the highest that it took. Raises TransientError.
        """
        now_ms = self.stamps.clock.now_ms
        if stamp_ms <= now_ms + STEP_MS:
            self.clock.refused(stamp_ms)
            return None
        floor_ms = max(now_ms, self._journal.progress.said_ms)
        if floor_ms < self._journal.progress.floor_ms:
            from_ms = self._journal.progress.floor_ms
            await self._journal.lower_floor(floor_ms)
            log.warning("watermark_lowered", from_ms=from_ms, to_ms=floor_ms)
        self.stamps.clock.lower_floor(floor_ms)
        lower_ms = self.stamps.clock()
        return lower_ms if lower_ms < stamp_ms - STEP_MS else None
