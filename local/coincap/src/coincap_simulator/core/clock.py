"""The simulated clock: where it was set, and how fast it runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SimulatedClock:
    """Shows `shown_ms` at wall time `wall_ms`; `rate` 0 stands still, 60 is a minute a second."""

    shown_ms: int
    wall_ms: int
    rate: float = 1.0

    def at(self, wall_ms: int) -> int:
        """Simulated milliseconds since 1970 at that wall time."""
        return self.shown_ms + int((wall_ms - self.wall_ms) * self.rate)

    def changed(self, wall_ms: int, now_ms: int | None, rate: float | None) -> "SimulatedClock":
        """The clock after it was set; what is not given goes on as it was."""
        shown = self.at(wall_ms) if now_ms is None else now_ms
        return SimulatedClock(shown, wall_ms, self.rate if rate is None else rate)
