"""How many calls a second may be made: a token bucket that is told the time."""


class CallRate:
    """At most `per_s` calls a second in the long run, and `burst` at once. Times in seconds."""

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = float(burst)
        self._left = float(burst)
        self._at_s: float | None = None

    def take(self, now_s: float) -> float:
        """Book a call; how long to wait before it is made. Those who wait are served in turn."""
        self._grow(now_s)
        self._left -= 1
        return 0.0 if self._left >= 0 else -self._left / self._per_s

    def ready_in(self, now_s: float) -> float:
        """How long until a call could be made at once; books nothing."""
        self._grow(now_s)
        return max(0.0, (1 - self._left) / self._per_s)

    def _grow(self, now_s: float) -> None:
        if self._at_s is not None:
            self._left = min(self._burst, self._left + (now_s - self._at_s) * self._per_s)
        self._at_s = now_s
