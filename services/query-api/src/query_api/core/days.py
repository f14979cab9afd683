"""Which days of the ledger a question touches: the newest alone, some, or all."""

from dataclasses import dataclass

from coinlake.contracts.hours import HOUR_MS, Hour, hour_of

RECENT_MS = 48 * HOUR_MS
DAY_MS = 24 * HOUR_MS
# Each step looks four times as far back; the last one, 14 years and more, at everything.
_REACHES_DAYS = (2, 8, 32, 128, 512, 2048)


@dataclass(frozen=True, slots=True)
class Days:
    """The days from `first` to `last`, both with them, as partitions name them."""

    first: str
    last: str

    def has(self, hour: Hour) -> bool:
        return self.first <= hour.dt <= self.last


ALL_DAYS = Days("", "9999-12-31")


def days_of(first: Hour, last: Hour) -> Days:
    """The days of a range of hours."""
    return Days(first.dt, last.dt)


def since(day: str) -> Days:
    """A day and all after it, also those that are not yet: producers' clocks are not ours."""
    return Days(day, ALL_DAYS.last)


def recent_day(now_ms: int) -> str:
    """The day in which the newest 48 hours begin."""
    return hour_of(now_ms - RECENT_MS).dt


def day_before(day: str, now_ms: int) -> str | None:
    """From where to look where the days since `day` held too little; None where it was all."""
    if day <= ALL_DAYS.first:
        return None
    reaches = (hour_of(now_ms - days * DAY_MS).dt for days in _REACHES_DAYS)
    return next((reach for reach in reaches if reach < day), ALL_DAYS.first)
