"""Which days are listed: those of a range, or the recent ones and one older day."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random

from coinlake.contracts.hours import HOUR_MS, Hour, hour_of, parse_hour


def hour_named(text: str) -> Hour:
    """The hour that `2026-11-20T07` names. Raises ValueError for anything else."""
    dt, _, hour = text.partition("T")
    found = parse_hour(f"dt={dt}/hour={hour}")
    if found is None:
        raise ValueError(f"{text!r} is not an hour: write it as 2026-11-20T07 (UTC)")
    return found


def days_between(first: Hour, last: Hour) -> list[str]:
    """The days of a range of hours. Raises ValueError where it ends before it begins."""
    if last < first:
        raise ValueError(f"the range ends at {last.path}, before it begins at {first.path}")
    day, end = date.fromisoformat(first.dt), date.fromisoformat(last.dt)
    return [(day + timedelta(days=n)).isoformat() for n in range((end - day).days + 1)]


def recent_days(now_ms: int, lookback_hours: int) -> list[str]:
    """The days of the last hours, today included."""
    return days_between(hour_of(now_ms - lookback_hours * HOUR_MS), hour_of(now_ms))


def older_day(dates: Iterable[str], recent: Sequence[str], now_ms: int) -> str | None:
    """One of the older days: late objects find their hour, and what is listed at a time stays small.

    By chance, for nothing is remembered: turns by the clock would leave out days for ever where the
    schedule has a period in common with their number.
    """
    older = sorted(set(dates) - set(recent))
    return Random(now_ms).choice(older) if older else None


def partition_key(hour: Hour) -> str:
    """An hour as Airflow's mappers read it (Task SDK 1.3, partition_mappers/temporal.py:
    input_format)."""
    return datetime.fromtimestamp(hour.start_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
