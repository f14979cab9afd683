"""Seeded noise that can be read at any instant, in any order.

A walk must give the same price whether it is reached by waiting, by setting the clock or by
asking for history, so nothing here keeps state: a value is a function of key and time.
"""

import math
from dataclasses import dataclass
from hashlib import blake2b

_MASK = (1 << 64) - 1
_MINUTE_MS = 60_000
_DAY_MS = 86_400_000

# Periods of the octaves. Several scales make a chart that moves within minutes and over months.
_PERIODS_MS = (
    _MINUTE_MS,
    5 * _MINUTE_MS,
    30 * _MINUTE_MS,
    180 * _MINUTE_MS,
    18 * 60 * _MINUTE_MS,
    5 * _DAY_MS,
    30 * _DAY_MS,
    120 * _DAY_MS,
)

# Like a Brownian motion: the move over a period grows with the root of its length.
_SWINGS = tuple(0.8 * math.sqrt(period / _DAY_MS) for period in _PERIODS_MS)

# The move from one data tick to the next, as a share of the daily one.
_TICK_SHARE = 0.008


def series_key(*parts: object) -> int:
    """64 bits that stand for a named series, the same on every machine."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def unit(key: int, index: int) -> float:
    """A uniform number in [0, 1) for one index of a series (splitmix64)."""
    z = (key + (index + 1) * 0x9E3779B97F4A7C15) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return ((z ^ (z >> 31)) >> 11) / (1 << 53)


def share(*parts: object) -> float:
    """A uniform number in [0, 1) for a name."""
    return unit(series_key(*parts), 0)


@dataclass(frozen=True, slots=True)
class Walk:
    """One walk around 1.0. `daily` is its typical move in a day, 0.04 for four percent."""

    key: int
    daily: float
    tick_ms: int

    def factor(self, at_ms: int) -> float:
        """What to multiply the base value with at that instant; constant within a tick."""
        tick = at_ms // self.tick_ms
        start_ms = tick * self.tick_ms
        total = _TICK_SHARE * (2.0 * unit(self.key, tick) - 1.0)
        for octave, (period, swing) in enumerate(zip(_PERIODS_MS, _SWINGS, strict=True), 1):
            total += swing * _smooth(self.key ^ (octave << 56), start_ms, period)
        return math.exp(self.daily * total)


def _smooth(key: int, at_ms: int, period_ms: int) -> float:
    """Noise in [-1, 1) that passes through a random value at every multiple of the period."""
    index, inside = divmod(at_ms, period_ms)
    left = unit(key, index)
    right = unit(key, index + 1)
    x = inside / period_ms
    return 2.0 * (left + (right - left) * x * x * (3.0 - 2.0 * x)) - 1.0
