"""The watermark of a topic, and a clock that never goes below it."""

from collections.abc import Callable, Iterable


def complete_to_ms(
    now_ms: int, received_ms: Iterable[int], oldest_pending_ms: int | None
) -> int:
    """The watermark of a heartbeat: nothing older than this will be sent on its partition.

    `now_ms` is a clock that never goes back; `received_ms` are answers not journaled yet.
    """
    bounds = [now_ms, *received_ms]
    if oldest_pending_ms is not None:
        bounds.append(oldest_pending_ms)
    return min(bounds)


class FloorClock:
    """A clock in milliseconds that never goes below the watermark."""

    def __init__(self, now_ms: Callable[[], int], floor_ms: int = 0) -> None:
        self._now_ms = now_ms
        self.floor_ms = floor_ms

    def __call__(self) -> int:
        return max(self.floor_ms, self._now_ms())

    @property
    def now_ms(self) -> int:
        """The time without the floor: to judge by, not to stamp with."""
        return self._now_ms()

    def raise_floor(self, floor_ms: int) -> None:
        """Nothing is stamped below this any more."""
        self.floor_ms = max(self.floor_ms, floor_ms)

    def lower_floor(self, floor_ms: int) -> None:
        """A watermark that nobody has seen holds no longer: only this one does."""
        self.floor_ms = min(self.floor_ms, floor_ms)

    @property
    def behind_ms(self) -> int:
        """How far the time is behind the watermark: more than 0 after a clock that was ahead."""
        return max(0, self.floor_ms - self._now_ms())
