"""Moments with a time zone: (microseconds since 1970 UTC, the zone's name in Trino)."""

from collections.abc import Callable

from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.values import moments, wall_clocks
from local_cloud.athena.sql.values.calendar import US_PER_DAY, US_PER_SECOND
from local_cloud.athena.sql.values.zone_names import java_id, trino_id
from local_cloud.athena.sql.values.zones import Zone, zone

Zoned = tuple[int, str]
# Trino packs milliseconds into 52 bits (DateTimeEncoding).
_MAX_US = 2**51 * 1000


def named(text: str) -> str:
    """TimeZoneKey.getTimeZoneKey. NOT_SUPPORTED, as in Trino, for an unknown zone."""
    try:
        return trino_id(text)
    except ValueError as error:
        raise QueryError("NOT_SUPPORTED", f"Time zone not supported: {text}") from error


def fits(micros: int) -> bool:
    """Whether a timestamp with time zone holds this moment."""
    return -_MAX_US <= micros < _MAX_US


def checked(micros: int) -> int:
    if not fits(micros):
        raise not_supported("timestamps with time zone beyond the years -69387 to 73326")
    return micros


def to_local(micros: int, name: str) -> int:
    """What the zone's clocks show, as microseconds since 1970-01-01 00:00."""
    if name == "UTC":
        return micros
    return micros + zone(name).offset(micros // US_PER_SECOND) * US_PER_SECOND


def java_instant(local: int, name: str) -> int:
    """The moment at which java.time's clocks show `local`."""
    return _shifted(local, name, wall_clocks.java_moment)


def joda_instant(local: int, name: str, coming_from: int | None = None) -> int:
    """The moment at which Joda-Time's clocks show `local`."""
    if name == "UTC":
        return local
    start = None if coming_from is None else coming_from // US_PER_SECOND
    return _shifted(local, name, lambda of, second: wall_clocks.joda_moment(of, second, start))


def _shifted(local: int, name: str, find: Callable[[Zone, int], int]) -> int:
    if name == "UTC":
        return local
    seconds, part = divmod(local, US_PER_SECOND)
    return find(zone(name), seconds) * US_PER_SECOND + part


def text(micros: int, name: str, precision: int) -> str:
    return f"{moments.timestamp_text(to_local(micros, name), precision)} {name}"


def day(micros: int, name: str) -> int:
    """CAST(… AS date): TimestampWithTimeZoneToDateCast, which cuts what is left of a day off."""
    local = to_local(micros // 1000 * 1000, name)
    midnight = joda_instant(local // US_PER_DAY * US_PER_DAY, name, micros)
    shown = to_local(midnight, name)
    return shown // US_PER_DAY if shown >= 0 else -(-shown // US_PER_DAY)


def parse_literal(value: str, precision: int) -> Zoned:
    """TIMESTAMP '… zone'. ValueError, also for what the zone's clocks leave out."""
    found = moments.matched(value)
    java_id(found["zone"])
    name = named(found["zone"])
    seconds = moments.local_seconds(found)
    if name != "UTC" and wall_clocks.is_skipped(zone(name), seconds):
        raise ValueError(f"Invalid TIMESTAMP due to daylight savings transition: {value}")
    part = moments.fraction(found["fraction"] or "", precision)
    instant = java_instant(seconds * US_PER_SECOND, name) + part
    if precision <= 3 and not fits(instant):
        raise ValueError(value)
    return checked(instant), name


def parse_cast(value: str, precision: int) -> Zoned:
    """CAST(text AS timestamp with time zone); without a zone it is the session's, UTC."""
    found = moments.matched(value)
    java_name = java_id(found["zone"]) if found["zone"] is not None else "UTC"
    seconds = moments.local_seconds(found)
    part = moments.fraction(found["fraction"] or "", precision)
    name = named(java_name)
    instant = java_instant(seconds * US_PER_SECOND, name) + part
    if precision <= 3 and not fits(instant):
        raise ValueError(value)
    return checked(instant), name


def parse_timestamp_cast(value: str, precision: int) -> int:
    """CAST(text AS timestamp): a zone is read, and only moves what its clocks leave out."""
    found = moments.matched(value)
    seconds = moments.local_seconds(found)
    if found["zone"] is not None:
        seconds = _shown(java_id(found["zone"]), seconds)
    part = moments.fraction(found["fraction"] or "", precision)
    return moments.checked_timestamp(seconds * US_PER_SECOND + part)


def _shown(java_name: str, seconds: int) -> int:
    try:
        name = trino_id(java_name)
    except ValueError as error:
        if java_name[0] in "+-" or java_name.startswith(("UT", "GMT", "Etc/")):
            # An offset that is no zone of Trino's; its clocks leave nothing out.
            return seconds
        raise not_supported(f"the time zone {java_name}") from error
    of = zone(name)
    moment = wall_clocks.java_moment(of, seconds)
    return moment + of.offset(moment)
