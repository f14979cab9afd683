"""Budgets in bytes: token buckets that refill all the time, and what is told of them.

Pure: the time is given, in ms since the epoch. A bucket may go below zero, since the last query that
starts within it runs whole; it opens again when it is above zero.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

DAY_S = 86_400
MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Budget:
    """Bytes per day and per minute; None where nothing is said."""

    day_bytes: int | None = None
    minute_bytes: int | None = None

    def over(self, usual: "Budget") -> "Budget":
        """This budget, and the usual one where it says nothing."""
        return Budget(
            usual.day_bytes if self.day_bytes is None else self.day_bytes,
            usual.minute_bytes if self.minute_bytes is None else self.minute_bytes,
        )


NO_BUDGET = Budget()
"""Says nothing."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """`capacity` bytes that come back evenly within `window_s`; `level` of them are there at `at_ms`.

    In any stretch of t seconds no more than capacity + t * capacity / window starts.
    """

    capacity: int
    window_s: int
    level: float
    at_ms: int

    def at(self, now_ms: int) -> "Bucket":
        """The bucket later on. A clock that went back refills nothing, and takes nothing away."""
        if now_ms <= self.at_ms:
            return self
        back = (now_ms - self.at_ms) * self.capacity / (self.window_s * 1000)
        return replace(self, level=min(float(self.capacity), self.level + back), at_ms=now_ms)

    def less(self, spent: int) -> "Bucket":
        """The bucket without `spent` bytes; what was taken too much comes back as a negative number."""
        return replace(self, level=min(float(self.capacity), self.level - spent))

    def resized(self, capacity: int) -> "Bucket":
        """With another capacity: what is missing stays missing."""
        missing = self.capacity - self.level
        return replace(self, capacity=capacity, level=capacity - missing)

    def opens_in_s(self, wanted: int = 1) -> int:
        """Whole seconds until `wanted` bytes are there, 0 where they are; of a full bucket at most."""
        enough = min(wanted, self.capacity)
        short = enough - self.level
        if short <= 0:
            return 0
        if self.capacity <= 0:
            return self.window_s
        wait_s = max(1, -int(-short * self.window_s // self.capacity))
        # Beyond 2**53 bytes a level is rounded: who comes at the told moment must not be too early.
        return wait_s if self.at(self.at_ms + wait_s * 1000).level >= enough else wait_s + 1


def full(capacity: int, window_s: int, now_ms: int) -> Bucket:
    """A bucket of which nothing was taken."""
    return Bucket(capacity, window_s, float(capacity), now_ms)


@dataclass(frozen=True, slots=True)
class Balance:
    """The two buckets of one key."""

    day: Bucket
    minute: Bucket

    @property
    def buckets(self) -> tuple[tuple[str, Bucket], ...]:
        return ("day", self.day), ("minute", self.minute)

    def at(self, now_ms: int) -> "Balance":
        return Balance(self.day.at(now_ms), self.minute.at(now_ms))

    def less(self, spent: int) -> "Balance":
        return Balance(self.day.less(spent), self.minute.less(spent))

    @property
    def is_open(self) -> bool:
        """Whether a query may start."""
        return self.day.level > 0 and self.minute.level > 0

    @property
    def opens_in_s(self) -> int:
        return max(self.day.opens_in_s(), self.minute.opens_in_s())

    def fits(self, needed: int) -> bool:
        """Whether a query that is known to read so much stays within what is left of the day."""
        return needed <= self.day.level

    def can_ever_fit(self, needed: int) -> bool:
        return needed <= self.day.capacity


def balance(budget: Budget, now_ms: int) -> Balance:
    """A full balance. `budget` says both numbers."""
    return Balance(
        full(budget.day_bytes or 0, DAY_S, now_ms),
        full(budget.minute_bytes or 0, MINUTE_S, now_ms),
    )


def resized(old: Balance, budget: Budget) -> Balance:
    """A balance under another budget."""
    return Balance(
        old.day.resized(budget.day_bytes or 0), old.minute.resized(budget.minute_bytes or 0)
    )


# ---- headers --------------------------------------------------------------------------------
#
# draft-ietf-httpapi-ratelimit-headers-10 (27 September 2025), RateLimit-Policy and RateLimit: lists of
# strings with parameters (RFC 9651, 3.1.2). `q` is the quota, `qu` its unit, `w` its window in seconds,
# `r` what is left, `t` the seconds until there is more. None of the draft's units (requests,
# content-bytes, concurrent-requests) is for bytes that are read behind an answer: this one is ours.

QUOTA_UNIT = "coinlake-scanned-bytes"


def policy_field(of: Balance) -> str:
    """The field RateLimit-Policy."""
    return _list(
        f'"{name}";q={one.capacity};qu="{QUOTA_UNIT}";w={one.window_s}'
        for name, one in of.buckets
    )


def balance_field(of: Balance) -> str:
    """The field RateLimit. `r` is never below 0: the draft has no debts."""
    return _list(
        f'"{name}";r={max(0, int(one.level))};t={_more_in_s(one)}' for name, one in of.buckets
    )


def _more_in_s(one: Bucket) -> int:
    # An open bucket is full again after that; a closed one opens.
    return one.opens_in_s() if one.level <= 0 else one.opens_in_s(one.capacity)


def _list(items: Iterable[str]) -> str:
    return ", ".join(items)
