"""MySQL's patterns, such as %Y-%m-%d (trino-main: DateTimeFunctions.createDateTimeFormatter)."""

from functools import lru_cache

from local_cloud.athena.sql.values import joda_elements as parts
from local_cloud.athena.sql.values import joda_fields
from local_cloud.athena.sql.values.calendar import MONTHS, WEEKDAYS
from local_cloud.athena.sql.values.joda_elements import FormatElement, PatternError

# DateTimeFunctions.PIVOT_YEAR: %y 70 is 1970, 69 is 2069.
_PIVOT_YEAR = 2020
_UNSUPPORTED = frozenset("wUuVXD")


def _time_of_day(hour: str) -> tuple[FormatElement, ...]:
    return (
        parts.numbered(hour, 2),
        parts.literal(":"),
        parts.numbered("minute", 2),
        parts.literal(":"),
        parts.numbered("second", 2),
    )


_ELEMENTS: dict[str, tuple[FormatElement, ...]] = {
    "a": (parts.named("day of week", WEEKDAYS, True),),
    "b": (parts.named("month", MONTHS, True),),
    "c": (parts.numbered("month", 1),),
    "d": (parts.numbered("day", 2),),
    "e": (parts.numbered("day", 1),),
    "f": (parts.fraction(6, 9),),
    "H": (parts.numbered("hour", 2),),
    "h": (parts.numbered("clockhour of halfday", 2),),
    "I": (parts.numbered("clockhour of halfday", 2),),
    "i": (parts.numbered("minute", 2),),
    "j": (parts.numbered("day of year", 3),),
    "k": (parts.numbered("hour", 1),),
    "l": (parts.numbered("clockhour of halfday", 1),),
    "M": (parts.named("month", MONTHS, False),),
    "m": (parts.numbered("month", 2),),
    "p": (parts.halfday(),),
    "r": (*_time_of_day("clockhour of halfday"), parts.literal(" "), parts.halfday()),
    "S": (parts.numbered("second", 2),),
    "s": (parts.numbered("second", 2),),
    "T": _time_of_day("hour"),
    "v": (parts.numbered("week", 2),),
    "x": (parts.number(parts.weekyear_of, joda_fields.WEEKYEAR, 4, 4, signed=True),),
    "W": (parts.named("day of week", WEEKDAYS, False),),
    "Y": (parts.number(parts.year_of, joda_fields.YEAR, 4, 4, signed=True),),
    "y": (parts.two_digits(parts.year_of, joda_fields.YEAR, _PIVOT_YEAR, False),),
}


@lru_cache(maxsize=512)
def of_mysql(pattern: str) -> tuple[FormatElement, ...]:
    """DateTimeFunctions.createDateTimeFormatter. PatternError."""
    made: list[FormatElement] = []
    escaped = False
    for char in pattern:
        if not escaped and char == "%":
            escaped = True
            continue
        if escaped and char in _UNSUPPORTED:
            raise PatternError(f"%{char} not supported in date format string")
        made += (
            _ELEMENTS.get(char, (parts.literal(char),)) if escaped else (parts.literal(char),)
        )
        escaped = False
    if not made:
        raise PatternError("Both printing and parsing not supported")
    return tuple(made)
