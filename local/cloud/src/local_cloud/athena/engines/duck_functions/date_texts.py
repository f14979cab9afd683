"""Dates and times from and to texts: ISO 8601, Joda-Time's patterns and MySQL's."""

import re
from collections.abc import Callable

from local_cloud.athena.engines.duck_functions import strftime
from local_cloud.athena.engines.duck_functions.date_parts import TIMESTAMP, ZONED
from local_cloud.athena.engines.duck_sql.date_casting import MAX_REPEATED
from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.engines.duck_sql.representation import quoted
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError, invalid_argument
from local_cloud.athena.sql.ir import BoundCall, Constant
from local_cloud.athena.sql.values import (
    iso_8601,
    joda_elements,
    joda_parsing,
    joda_patterns,
    moments,
    mysql_patterns,
    zoned,
)
from local_cloud.athena.sql.values.calendar import checked_date, joda_date_text
from local_cloud.athena.sql.values.date_fields import DAY_MS
from local_cloud.athena.sql.values.joda_bucket import Bucket
from local_cloud.athena.sql.values.joda_elements import (
    FormatElement,
    PatternError,
    Shown,
    UnusableError,
)
from local_cloud.athena.sql.values.joda_parsing import Parser
from local_cloud.athena.sql.values.zones import zone

_QUOTED = re.compile(r"'[^']*'?")


def _invalid(error: object) -> QueryError:
    return invalid_argument(str(error))


def _internal(error: object) -> QueryError:
    return QueryError("GENERIC_INTERNAL_ERROR", str(error))


# ---- ISO 8601 ---------------------------------------------------------------------------------


def _read(parser: Parser, text: str) -> tuple[Bucket, int]:
    try:
        bucket = joda_parsing.parse(parser, text)
        return bucket, bucket.milliseconds()
    except ValueError as error:
        raise _invalid(error) from error


@python("from_iso8601_date(varchar(x))")
def _from_iso8601_date(text: str) -> int:
    _, ms = _read(iso_8601.DATE, text)
    return checked_date(ms // DAY_MS)


@python("from_iso8601_timestamp(varchar(x))")
def _from_iso8601_timestamp(text: str) -> zoned.Zoned:
    return _zoned(*_read(iso_8601.DATE_TIME, text))


def _zoned(bucket: Bucket, ms: int) -> zoned.Zoned:
    """In the zone that was read, else in the session's."""
    offset = bucket.offset
    found = zoned.named(_joda_offset_id(offset) if offset is not None else bucket.zone or "UTC")
    if not zoned.fits(ms * 1000):
        raise _invalid(f"Millis overflow: {ms}")
    return ms * 1000, found


def _joda_offset_id(milliseconds: int) -> str:
    """FixedDateTimeZone's name; Trino knows it where it has no seconds."""
    if milliseconds == 0:
        return "UTC"
    seconds, part = divmod(abs(milliseconds), 1000)
    text = f"{'-' if milliseconds < 0 else '+'}{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    if seconds % 60 or part:
        text += f":{seconds % 60:02d}"
    return f"{text}.{part:03d}" if part else text


@python("to_iso8601(date)")
def _date_to_iso8601(date: int) -> str:
    return joda_date_text(date)


@python(f"to_iso8601({TIMESTAMP})")
def _to_iso8601(moment: int, types: Signature) -> str:
    return moments.timestamp_text(moment, types.arguments[0].precision or 0, "T")


@python(f"to_iso8601({ZONED})")
def _zoned_to_iso8601(moment: zoned.Zoned, types: Signature) -> str:
    offset = zone(moment[1]).offset(moment[0] // 10**6)
    if offset % 60:
        raise QueryError(
            "INVALID_ARGUMENTS",
            f"Timezone with non-zero seconds offset cannot be rendered as ISO8601: {moment[1]}",
        )
    precision = types.arguments[0].precision or 0
    text = moments.timestamp_text(moment[0] + offset * 10**6, precision, "T")
    if offset == 0:
        return text + "Z"
    minutes = abs(offset) // 60
    return f"{text}{'-' if offset < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


# ---- patterns ---------------------------------------------------------------------------------


def _shown(moment: zoned.Zoned) -> Shown:
    """Rounded to milliseconds, which is all that Joda-Time knows."""
    ms = (moment[0] + 500) // 1000
    offset = zone(moment[1]).offset(ms // 1000)
    return Shown(ms + offset * 1000, offset, moment[1])


def _date_format(moment: int, pattern: str) -> str:
    return _written(mysql_patterns.of_mysql, pattern, (moment, "UTC"))


def _zoned_date_format(moment: zoned.Zoned, pattern: str) -> str:
    return _written(mysql_patterns.of_mysql, pattern, moment)


def _formatted(
    text: Text,
    call: BoundCall,
    sql_arguments: tuple[str, str],
    function: Callable[..., str],
    translate: Callable[[str], str | None],
) -> str:
    """By strftime where the pattern is a constant that it knows, else by Python."""
    of, pattern = call.bound.arguments[0], call.arguments[1]
    moment = sql_arguments[0]
    slow = text.python(function, (of, t.VARCHAR), t.VARCHAR, *sql_arguments)
    known = isinstance(pattern, Constant) and pattern.value is not None
    made = translate(pattern.value) if known and isinstance(pattern, Constant) else None
    # What is finer than milliseconds would have to be rounded first.
    if made is None or (of.precision or 0) > 3 or len(moment) > MAX_REPEATED:
        return slow
    fast = f"strftime({{0}}, {quoted(made)})"
    if of.name == "timestamp":
        within = f"{moment} BETWEEN {strftime.COMMON[0]} AND {strftime.COMMON[1]}"
        return f"(CASE WHEN {within} THEN {fast.format(moment)} ELSE {slow} END)"
    local = f"make_timestamp(struct_extract({moment}, 'f0'))"
    within = f"{local} BETWEEN {strftime.COMMON[0]} AND {strftime.COMMON[1]}"
    utc = f"struct_extract({moment}, 'f1') = 'UTC'"
    return f"(CASE WHEN {utc} AND {within} THEN {fast.format(local)} ELSE {slow} END)"


@sql(f"date_format({TIMESTAMP},varchar(x))")
def _date_format_sql(moment: str, pattern: str, call: BoundCall, text: Text) -> str:
    return _formatted(text, call, (moment, pattern), _date_format, strftime.of_mysql)


@sql(f"date_format({ZONED},varchar(x))")
def _zoned_date_format_sql(moment: str, pattern: str, call: BoundCall, text: Text) -> str:
    return _formatted(text, call, (moment, pattern), _zoned_date_format, strftime.of_mysql)


def _written(
    read: Callable[[str], tuple[FormatElement, ...]], pattern: str, moment: zoned.Zoned
) -> str:
    try:
        elements = read(pattern)
    except ValueError as error:
        raise _invalid(error) from error
    return joda_elements.written(elements, _shown(moment))


@python("date_parse(varchar(x),varchar(y))")
def _date_parse(text: str, pattern: str) -> int:
    try:
        if pattern == "%Y-%m-%d":
            ms = moments.parse_date(text) * DAY_MS
        else:
            parser = joda_elements.parser(mysql_patterns.of_mysql(pattern))
            ms = joda_parsing.parse(parser, text).milliseconds()
    except ValueError as error:
        raise _invalid(error) from error
    if not -(2**63) <= ms * 1000 < 2**63:
        raise (_invalid if pattern == "%Y-%m-%d" else _internal)("long overflow")
    return moments.checked_timestamp(ms * 1000)


def _format_datetime(moment: int, pattern: str) -> str:
    if any(letter in _QUOTED.sub("", pattern) for letter in "zZ"):
        raise _invalid(
            "format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z' in format, as this type "
            "does not contain TZ information"
        )
    return _written(joda_patterns.of_joda, pattern, (moment, "UTC"))


def _zoned_format_datetime(moment: zoned.Zoned, pattern: str) -> str:
    return _written(joda_patterns.of_joda, pattern, moment)


@sql(f"format_datetime({TIMESTAMP},varchar(x))")
def _format_datetime_sql(moment: str, pattern: str, call: BoundCall, text: Text) -> str:
    return _formatted(text, call, (moment, pattern), _format_datetime, strftime.of_joda)


@sql(f"format_datetime({ZONED},varchar(x))")
def _zoned_format_datetime_sql(moment: str, pattern: str, call: BoundCall, text: Text) -> str:
    return _formatted(text, call, (moment, pattern), _zoned_format_datetime, strftime.of_joda)


@python("parse_datetime(varchar(x),varchar(y))")
def _parse_datetime(text: str, pattern: str) -> zoned.Zoned:
    try:
        parser = joda_elements.parser(joda_patterns.of_joda(pattern))
    except UnusableError as error:
        raise _internal(error) from error
    except PatternError as error:
        raise _invalid(error) from error
    return _zoned(*_read(parser, text))
