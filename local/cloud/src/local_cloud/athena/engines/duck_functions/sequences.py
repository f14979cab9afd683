"""sequence(): numbers, dates and timestamps in steps (SequenceFunction)."""

from local_cloud.athena.engines.duck_sql.registry import Signature, python
from local_cloud.athena.sql.failures import invalid_argument, not_supported
from local_cloud.athena.sql.values import moments
from local_cloud.athena.sql.values.calendar import (
    US_PER_DAY,
    checked_date,
    date_of,
    days_in_month,
    plus_months,
)

MAX_ENTRIES = 10_000
_MS_PER_DAY = 86_400_000


def _check_step(start: int, stop: int, step: int) -> None:
    if step == 0:
        raise invalid_argument("step must not be zero")
    if (stop < start) if step > 0 else (stop > start):
        raise invalid_argument(
            "sequence stop value should be greater than or equal to start value if step is "
            "greater than zero otherwise stop should be less than or equal to start"
        )


def _check_count(count: int) -> int:
    if count > MAX_ENTRIES:
        raise invalid_argument(
            "result of sequence function must not have more than 10000 entries"
        )
    return count


def _numbers(start: int, stop: int, step: int) -> list[int]:
    _check_step(start, stop, step)
    count = _check_count((stop - start) // step + 1)
    return [start + step * place for place in range(count)]


@python("sequence(bigint,bigint,bigint)")
def _sequence(start: int, stop: int, step: int) -> list[int]:
    return _numbers(start, stop, step)


@python("sequence(bigint,bigint)", "sequence(date,date)")
def _single_steps(start: int, stop: int) -> list[int]:
    return _numbers(start, stop, 1 if stop >= start else -1)


@python("sequence(date,date,interval_day_to_second)")
def _dates(start: int, stop: int, step: int) -> list[int]:
    if step % _MS_PER_DAY:
        raise invalid_argument(
            "sequence step must be a day interval if start and end values are dates"
        )
    return _numbers(start, stop, step // _MS_PER_DAY)


@python("sequence(date,date,interval_year_to_month)")
def _dates_by_months(start: int, stop: int, step: int) -> list[int]:
    _check_step(start, stop, step)
    months = months_between(start, 0, stop, 0)
    count = _check_count(_quotient(months, step) + 1)
    return [checked_date(plus_months(start, step * place)) for place in range(count)]


@python("sequence(timestamp(p),timestamp(p),interval_day_to_second)")
def _timestamps(start: int, stop: int, step: int, types: Signature) -> list[int]:
    found = _numbers(start, stop, step * 1000)
    precision = types.arguments[0].precision or 0
    if any(moments.rounded(one, precision) != one for one in found):
        # Trino makes values that it then fails to show.
        raise not_supported(f"a sequence of {types.arguments[0]} with finer steps")
    return found


@python("sequence(timestamp(p),timestamp(p),interval_year_to_month)")
def _timestamps_by_months(start: int, stop: int, step: int) -> list[int]:
    _check_step(start, stop, step)
    (first, of_first), (last, of_last) = divmod(start, US_PER_DAY), divmod(stop, US_PER_DAY)
    # DateDiff counts with milliseconds.
    months = months_between(first, of_first // 1000, last, of_last // 1000)
    count = _check_count(_quotient(months, step) + 1)
    return [
        moments.checked_timestamp(plus_months(first, step * place) * US_PER_DAY + of_first)
        for place in range(count)
    ]


def _quotient(value: int, by: int) -> int:
    """Java's division, towards zero."""
    return value // by if (value < 0) == (by < 0) else -(-value // by)


def months_between(start: int, of_start: int, stop: int, of_stop: int) -> int:
    """Whole months from one moment, a day and its time, to another; negative backwards.

    A month is whole at the same day, or at its month's last (Joda's DateTimeField.getDifference).
    """
    if (stop, of_stop) < (start, of_start):
        return -_months_up(stop, of_stop, start, of_start)
    return _months_up(start, of_start, stop, of_stop)


def _months_up(start: int, of_start: int, stop: int, of_stop: int) -> int:
    (year, month, day), (to_year, to_month, to_day) = date_of(start), date_of(stop)
    months = (to_year - year) * 12 + to_month - month
    reached = (min(day, days_in_month(to_year, to_month)), of_start) <= (to_day, of_stop)
    return months if reached else months - 1
