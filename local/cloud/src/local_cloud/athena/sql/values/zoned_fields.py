"""Fields of moments in a time zone (org.joda.time.chrono.ZonedChronology), in milliseconds UTC."""

from local_cloud.athena.sql.values import date_fields
from local_cloud.athena.sql.values.calendar import date_of, days_in_month, days_of
from local_cloud.athena.sql.values.date_fields import DAY_MS, DateField
from local_cloud.athena.sql.values.wall_clocks import joda_moment, joda_offset
from local_cloud.athena.sql.values.zones import Zone


def _offset(of: Zone, ms: int) -> int:
    return of.offset(ms // 1000) * 1000


def local(of: Zone, ms: int) -> int:
    return ms + _offset(of, ms)


def instant(of: Zone, local_ms: int, coming_from: int) -> int:
    seconds, part = divmod(local_ms, 1000)
    return joda_moment(of, seconds, coming_from // 1000) * 1000 + part


def floor(of: Zone, name: str, ms: int) -> int:
    one = date_fields.field(name)
    if one.of_time:
        offset = _offset(of, ms)
        return one.floor(ms + offset) - offset
    if name == "quarter":
        # The quarter's first month is set before the month is rounded down.
        first = instant(of, _in_first_month(local(of, ms)), ms)
        return instant(of, date_fields.field("month").floor(local(of, first)), first)
    return instant(of, one.floor(local(of, ms)), ms)


def _in_first_month(local_ms: int) -> int:
    """The same day and time in the first month of its quarter, or that month's last day."""
    days, of_day = divmod(local_ms, DAY_MS)
    year, month, day = date_of(days)
    first = (month - 1) // 3 * 3 + 1
    return days_of(year, first, min(day, days_in_month(year, first))) * DAY_MS + of_day


def add(of: Zone, name: str, ms: int, count: int) -> int:
    one = date_fields.field(name)
    if one.of_time:
        return one.add(ms, count)
    if name == "quarter":
        # A duration's field of Joda-Time's, which asks for the offset in another way.
        moved = one.add(local(of, ms), count)
        return moved - joda_offset(of, moved // 1000) * 1000
    return instant(of, one.add(local(of, ms), count), ms)


def difference(of: Zone, name: str, later: int, earlier: int) -> int:
    one: DateField = date_fields.field(name)
    offset = _offset(of, earlier)
    moved = offset if one.of_time else _offset(of, later)
    return one.difference(later + moved, earlier + offset)


def last_day_of_month(of: Zone, ms: int) -> int:
    """Days since 1970-01-01; a rest of a day is cut off, towards zero (LastDayOfMonth)."""
    start = date_fields.field("month").floor(local(of, ms + 1))
    ceiling = start if start == local(of, ms + 1) else date_fields.add_months(start, 1)
    found = local(of, instant(of, ceiling, ms + 1)) - DAY_MS
    return found // DAY_MS if found >= 0 else -(-found // DAY_MS)
