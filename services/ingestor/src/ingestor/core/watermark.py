"""What may be promised, and a clock that keeps to it."""

from collections.abc import Callable, Iterable


def complete_to_ms(
    now_ms: int, received_ms: Iterable[int], oldest_pending_ms: int | None
) -> int:
    """What a heartbeat may promise: nothing older than this will be sent on its partition.

    `now_ms` is a clock that never goes back; `received_ms` are answers not journaled yet.
    """
    bounds = [now_ms, *received_ms]
    if oldest_pending_ms is not None:
        bounds.append(oldest_pending_ms)
    return min(bounds)


class FloorClock:
    """A clock in milliseconds that never goes below what was promised."""

    def __init__(self, now_ms: Callable[[], int], floor_ms: int = 0) -> None:
        self._now_ms = now_ms
        self.floor_ms = floor_ms

    def __call__(self) -> int:
        return max(self.floor_ms, self._now_ms())

    @property
    def now_ms(self) -> int:
        """The time without the promise: to judge by, not to stamp with."""
        return self._now_ms()

    def promise(self, floor_ms: int) -> None:
        """Nothing is stamped below this any more."""
        self.floor_ms = max(self.floor_ms, floor_ms)

    def take_back(self, floor_ms: int) -> None:
        """A promise that nobody heard holds no longer: only this one does."""
        self.floor_ms = min(self.floor_ms, floor_ms)

    @property
    def behind_ms(self) -> int:
        """How far the time is behind the promise: more than 0 after a clock that was ahead."""
        return max(0, self.floor_ms - self._now_ms())
