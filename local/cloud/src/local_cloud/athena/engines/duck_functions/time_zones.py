"""Moments from and to numbers of seconds, and in other time zones."""

import math

from local_cloud.athena.engines.duck_functions.date_parts import DAYS, TIMESTAMP, ZONED
from local_cloud.athena.engines.duck_sql.date_casting import MAX_REPEATED
from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError, invalid_argument
from local_cloud.athena.sql.values import zoned
from local_cloud.athena.sql.values.zone_names import offset_name, trino_id

_MINUTE_MS = 60_000


def _valid_zone(name: str) -> str:
    if not name:
        raise QueryError("GENERIC_INTERNAL_ERROR", "Zone id is an empty string")
    try:
        return trino_id(name)
    except ValueError as error:
        raise invalid_argument(f"'{name}' is not a valid time zone") from error


def _offset(minutes: int) -> str:
    try:
        return offset_name(minutes)
    except ValueError as error:
        raise invalid_argument(str(error)) from error


# ---- zones ------------------------------------------------------------------------------------


@python(f"at_timezone({ZONED},varchar(x))")
def _at_timezone(moment: zoned.Zoned, name: str) -> zoned.Zoned:
    return moment[0], _valid_zone(name)


@python(f"at_timezone({ZONED},{DAYS})")
def _at_offset(moment: zoned.Zoned, offset: int) -> zoned.Zoned:
    if offset % _MINUTE_MS:
        raise invalid_argument("Invalid time zone offset interval: interval contains seconds")
    return moment[0], _offset(offset // _MINUTE_MS)


@python(f"with_timezone({TIMESTAMP},varchar(x))")
def _with_timezone(local: int, name: str, types: Signature) -> zoned.Zoned:
    """The moment at which the zone's clocks show this (DateTimeZone.getMillisKeepLocal)."""
    place = _valid_zone(name)
    found = zoned.joda_instant(local, place, local)
    if (types.result.precision or 0) <= 3 and not zoned.fits(found):
        raise QueryError("GENERIC_INTERNAL_ERROR", f"Millis overflow: {found // 1000}")
    return zoned.checked(found), place


# ---- seconds since 1970 -----------------------------------------------------------------------


def _long(value: float) -> int:
    """Java's Math.round."""
    if value != value:
        return 0
    if abs(value) >= 2.0**63:
        return 2**63 - 1 if value > 0 else -(2**63)
    whole = math.floor(value)
    return whole + (value - whole >= 0.5)


def _moment(seconds: float, name: str) -> zoned.Zoned:
    ms = _long(seconds * 1000)
    if not zoned.fits(ms * 1000):
        raise invalid_argument(f"Millis overflow: {ms}")
    return ms * 1000, name


def _from_seconds(seconds: float) -> zoned.Zoned:
    return _moment(seconds, "UTC")


@sql("from_unixtime(double)")
def _from_unixtime(seconds: str, text: Text, types: Signature) -> str:
    slow = text.python(_from_seconds, (t.DOUBLE,), types.result, seconds)
    if len(seconds) > MAX_REPEATED:
        return slow
    ms = f"({seconds} * 1000.0::DOUBLE)"
    # Half up, without the sum that would round once more.
    rounded = f"floor({ms}) + (CASE WHEN {ms} - floor({ms}) >= 0.5 THEN 1 ELSE 0 END)"
    fast = f"{{'f0': CAST({rounded} AS BIGINT) * 1000, 'f1': 'UTC'}}"
    return f"(CASE WHEN abs({seconds}) < 1e12 THEN {fast} ELSE {slow} END)"


@python("from_unixtime(double,bigint,bigint)")
def _from_unixtime_at_offset(seconds: float, hours: int, minutes: int) -> zoned.Zoned:
    total = (hours * 60 + minutes + 2**63) % 2**64 - 2**63
    return _moment(seconds, _offset(total))


@python("from_unixtime(double,varchar(x))")
def _from_unixtime_in_zone(seconds: float, name: str) -> zoned.Zoned:
    if not name:
        raise invalid_argument("Zone id is an empty string")
    return _moment(seconds, zoned.named(name))


@sql(f"to_unixtime({ZONED})", total=True)
def _to_unixtime(moment: str, types: Signature) -> str:
    micros = f"struct_extract({moment}, 'f0')"
    if (types.arguments[0].precision or 0) <= 3:
        return f"(CAST({micros} // 1000 AS DOUBLE) / 1000)"
    # Whole milliseconds and what is left of them are divided apart (ToUnixTime).
    part = f"(({micros} % 1000 + 1000) % 1000)"
    whole = f"CAST(({micros} - {part}) // 1000 AS DOUBLE) / 1000"
    return f"({whole} + CAST({part} AS DOUBLE) * 1000000 / 1000000000000)"


@sql("current_timezone()", total=True)
def _current_timezone() -> str:
    return "'UTC'"
