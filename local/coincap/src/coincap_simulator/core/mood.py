"""What moves all coins at once: the market's own walk, and a crash now and then.

Read at any instant, in any order, as everything here (see `noise`): a crash belongs to a slot of time, and
each instant asks its own slot and those before it whose crashes still last.
"""

import math

from coincap_simulator.core.noise import Walk, series_key, unit

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_SLOT_MS = 8 * _HOUR_MS
# One slot in nine has a crash: one in three days.
_CRASH_SHARE = 1 / 9
_FALL_MS = 25 * _MINUTE_MS
# What came back after the fall is half, over so long; the rest is the walk's affair.
_RECOVERY_MS = 5 * _HOUR_MS
_LASTS_MS = 48 * _HOUR_MS
_DEPTH_LOW, _DEPTH_HIGH = 0.03, 0.08
_DAILY_MOVE = 0.02


class MarketMood:
    """A factor around 1.0 that each coin follows as far as its beta says."""

    def __init__(self, seed: int, tick_ms: int) -> None:
        self._walk = Walk(series_key(seed, "market"), _DAILY_MOVE, tick_ms)
        self._crash = series_key(seed, "crash")
        self._depth = series_key(seed, "crash depth")
        self._begin = series_key(seed, "crash begin")
        self._tick_ms = tick_ms
        self._last: tuple[int, float] = (-1, 0.0)

    def log_factor(self, at_ms: int) -> float:
        """The logarithm of the factor; constant within a data tick."""
        tick = at_ms // self._tick_ms
        if self._last[0] != tick:
            start_ms = tick * self._tick_ms
            self._last = (tick, math.log(self._walk.factor(start_ms)) - self.crash(start_ms))
        return self._last[1]

    def crash(self, at_ms: int) -> float:
        """How far the crashes of the last two days still hold the market down, as a logarithm."""
        slot = at_ms // _SLOT_MS
        slots = range(slot - _LASTS_MS // _SLOT_MS, slot + 1)
        return sum(self._of_slot(one, at_ms) for one in slots)

    def _of_slot(self, slot: int, at_ms: int) -> float:
        if unit(self._crash, slot) >= _CRASH_SHARE:
            return 0.0
        depth = _DEPTH_LOW + (_DEPTH_HIGH - _DEPTH_LOW) * unit(self._depth, slot)
        since_ms = at_ms - slot * _SLOT_MS - int(unit(self._begin, slot) * _SLOT_MS)
        if since_ms <= 0:
            return 0.0
        if since_ms < _FALL_MS:
            # Slow, then all at once, as sellers find each other.
            return depth * (since_ms / _FALL_MS) ** 2
        left = 0.5 + 0.5 * math.exp(-(since_ms - _FALL_MS) / _RECOVERY_MS)
        # At the end of its two days nothing is left, so that no price jumps.
        return depth * left * max(0.0, 1 - since_ms / _LASTS_MS)
