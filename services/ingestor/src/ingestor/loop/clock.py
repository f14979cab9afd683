"""The time as the loops have it: two real clocks, what answers say of them, and what is told."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from coinlake import logs
from ingestor.core.timeline import Dated, Event, News, Timeline
from ingestor.metrics import IngestorMetrics

log = logs.get(__name__)

# It goes on while the machine sleeps, which CLOCK_MONOTONIC does not: clock_gettime(2). Only Linux
# has it.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def wall_ms() -> int:
    """Milliseconds since the epoch, UTC, as the machine has them."""
    return time.time_ns() // 1_000_000


def steady_ms() -> int:
    """Milliseconds of a clock that nobody sets."""
    return time.clock_gettime_ns(_STEADY) // 1_000_000


@dataclass(frozen=True, slots=True)
class Clocks:
    """The clocks of the machine."""

    wall_ms: Callable[[], int] = wall_ms
    steady_ms: Callable[[], int] = steady_ms


class Clock:
    """What time it is, and for how long. `answered` and `refused` are what others say of it."""

    def __init__(
        self, clocks: Clocks, tolerance_ms: int, max_doubt_ms: int, metrics: IngestorMetrics
    ) -> None:
        self._clocks = clocks
        self._metrics = metrics
        self._line = Timeline(
            clocks.wall_ms(), clocks.steady_ms(), tolerance_ms, max(1, max_doubt_ms)
        )
        self._refused_ms: int | None = None
        self.moves = 0
        """How often the time was set: what lies in between did not pass, or nobody saw it."""

    def __call__(self) -> int:
        """The time in milliseconds since the epoch, UTC."""
        steady_ms = self._look()
        return self._line.now_ms(steady_ms)

    def steady_ms(self) -> int:
        """What waits are counted by."""
        return self._clocks.steady_ms()

    def believable_ms(self) -> tuple[int, ...]:
        """The time, and while there is doubt what else it may be."""
        return self._line.believable_ms(self._look())

    @property
    def is_settled(self) -> bool:
        """Whether a watermark may be set by it."""
        return self._line.is_settled(self._look())

    @property
    def may_turn_month(self) -> bool:
        """Whether a new month may begin by it: an answer agrees, and Kafka takes its stamps."""
        return (self._line.is_confirmed or self._line.is_moot) and not self.is_refused

    @property
    def is_confirmed(self) -> bool:
        """Whether the `Date` of an answer agrees with it."""
        return self._line.is_confirmed

    @property
    def wall_is_off_ms(self) -> int:
        """By how much the machine's clock is ahead of the time, or behind it (below 0)."""
        self._look()
        return self._line.wall_is_off_ms

    def answered(self, date_ms: int | None, asked_ms: int) -> None:
        """An answer came to what was asked at that steady time; its `Date`."""
        got_ms = self._look()
        dated = None if date_ms is None else Dated(date_ms, asked_ms, got_ms)
        self._tell(self._line.answered(dated))

    def refused(self, stamp_ms: int) -> None:
        """Kafka does not take a stamp of now, or before: it says that this clock is ahead."""
        if self._refused_ms is None:
            log.error("clock_ahead_of_kafka", wall_is_off_s=self.wall_is_off_ms / 1_000)
        self._refused_ms = stamp_ms

    def taken(self, stamp_ms: int) -> None:
        """Kafka took a stamp: the one that it refused too, if it is not later than this."""
        if self._refused_ms is not None and stamp_ms >= self._refused_ms:
            self._refused_ms = None

    @property
    def is_refused(self) -> bool:
        """Whether Kafka says that it is ahead."""
        return self._refused_ms is not None

    def _look(self) -> int:
        steady_ms = self._clocks.steady_ms()
        self._tell(self._line.look(self._clocks.wall_ms(), steady_ms))
        return steady_ms

    def _tell(self, news: News | None) -> None:
        if news is None:
            return
        if news.event is Event.MOVED:
            self.moves += 1
            self._refused_ms = None
        self._metrics.clock_events.labels(str(news.event)).inc()
        log.warning(str(news.event), by_s=news.by_ms / 1_000)
