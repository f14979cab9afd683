"""Two clocks that a test moves: time passes on both, a step is one of the wall clock alone."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from ingestor.loop.clock import Clock, Clocks
from ingestor.metrics import IngestorMetrics

START_MS = 1_795_305_600_000  # 2026-11-22T00:00:00Z
MINUTE = 60_000
HOUR = 60 * MINUTE


@dataclass
class Times:
    """A wall clock and a steady one."""

    wall: int = START_MS
    steady: int = 5_000

    def advance(self, seconds: float) -> None:
        """Time passes."""
        self.wall += round(seconds * 1_000)
        self.steady += round(seconds * 1_000)

    def step(self, by_ms: int) -> None:
        """Somebody sets the wall clock."""
        self.wall += by_ms

    def clock(
        self,
        *,
        tolerance_ms: int = 5 * MINUTE,
        max_doubt_ms: int = 1,
        metrics: IngestorMetrics | None = None,
    ) -> Clock:
        """The time by these clocks."""
        clocks = Clocks(lambda: self.wall, lambda: self.steady)
        told = metrics or IngestorMetrics(CollectorRegistry())
        return Clock(clocks, tolerance_ms, max_doubt_ms, told)
