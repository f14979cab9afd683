"""ISO 8601 as Trino reads it: Joda-Time's dateElementParser and dateTimeParser."""

from local_cloud.athena.sql.values import joda_fields as fields
from local_cloud.athena.sql.values import joda_parsing as joda
from local_cloud.athena.sql.values.joda_parsing import Parser
from local_cloud.athena.sql.values.joda_zone_parsing import offset

_MAX_DIGITS = 9


def _optional(parser: Parser) -> Parser:
    return joda.either([parser], optional=True)


def _after(text: str, *parsers: Parser) -> Parser:
    return joda.sequence([joda.literal(text), *parsers])


_YEAR = joda.number(fields.YEAR, _MAX_DIGITS, signed=True)
_MONTH = _after("-", joda.number(fields.MONTH, 2))
_DAY = _after("-", joda.number(fields.DAY_OF_MONTH, 2))
_WEEKYEAR = joda.number(fields.WEEKYEAR, _MAX_DIGITS, signed=True)
_WEEK = _after("-W", joda.number(fields.WEEK, 2))
_DAY_OF_WEEK = _after("-", joda.number(fields.DAY_OF_WEEK, 1))
_DAY_OF_YEAR = _after("-", joda.number(fields.DAY_OF_YEAR, 3))
_POINT = joda.either([joda.literal("."), joda.literal(",")])


def _part(unit: int) -> Parser:
    return joda.sequence([_POINT, joda.fraction(unit, _MAX_DIGITS)])


DATE = joda.either(
    [
        joda.sequence([_YEAR, _optional(joda.sequence([_MONTH, _optional(_DAY)]))]),
        joda.sequence([_WEEKYEAR, _WEEK, _optional(_DAY_OF_WEEK)]),
        joda.sequence([_YEAR, _DAY_OF_YEAR]),
    ]
)
_SECONDS = joda.sequence([_after(":", joda.number(fields.SECOND, 2)), _optional(_part(1_000))])
_MINUTES = joda.sequence(
    [
        _after(":", joda.number(fields.MINUTE, 2)),
        joda.either([_SECONDS, _part(60_000)], optional=True),
    ]
)
_TIME = joda.sequence(
    [
        joda.number(fields.HOUR, 2),
        joda.either([_MINUTES, _part(3_600_000)], optional=True),
    ]
)
DATE_TIME = joda.either(
    [
        _after("T", _TIME, _optional(offset)),
        joda.sequence([DATE, _optional(_after("T", _optional(_TIME), _optional(offset)))]),
    ]
)
