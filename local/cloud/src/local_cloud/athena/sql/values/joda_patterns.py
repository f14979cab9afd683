"""Joda-Time's patterns, such as yyyy-MM-dd (org.joda.time.format.DateTimeFormat)."""

from collections.abc import Callable
from functools import lru_cache

from local_cloud.athena.sql.values import joda_elements as parts
from local_cloud.athena.sql.values import joda_fields
from local_cloud.athena.sql.values.calendar import MONTHS, WEEKDAYS
from local_cloud.athena.sql.values.joda_elements import (
    FormatElement,
    PatternError,
    UnusableError,
)

_NUMBERS = {
    "d": "day",
    "h": "clockhour of halfday",
    "H": "hour",
    "k": "clockhour",
    "K": "hour of halfday",
    "m": "minute",
    "s": "second",
    "e": "day of week",
    "D": "day of year",
    "w": "week",
}
_YEARS = {
    "x": (parts.weekyear_of, joda_fields.WEEKYEAR),
    "y": (parts.year_of, joda_fields.YEAR),
    "Y": (parts.year_of_era, joda_fields.YEAR_OF_ERA),
}
_NUMERIC = frozenset("cCxyYdhHmsSeDFwWkK")


@lru_cache(maxsize=512)
def of_joda(pattern: str) -> tuple[FormatElement, ...]:
    """DateTimeFormat.forPattern. PatternError, UnusableError."""
    if not pattern:
        raise PatternError("Invalid pattern specification: Pattern is null or empty")
    listed = tokens(pattern)
    made: list[FormatElement] = []
    for index, token in enumerate(listed):
        following = listed[index + 1] if index + 1 < len(listed) else ""
        if token[0] == "'":
            made += [parts.literal(token[1:])] if len(token) > 1 else []
        else:
            made.append(_letters(token[0], len(token), following))
    if not made:
        raise UnusableError("Both printing and parsing not supported")
    return tuple(made)


def tokens(pattern: str) -> list[str]:
    """Runs of one letter, and literals behind an apostrophe (DateTimeFormat.parseToken)."""
    found, at = [], 0
    while at < len(pattern):
        char = pattern[at]
        if char.isascii() and char.isalpha():
            end = at
            while end < len(pattern) and pattern[end] == char:
                end += 1
            found.append(pattern[at:end])
        else:
            literal, end = _literal_token(pattern, at)
            found.append("'" + literal)
        at = end
    return found


def _literal_token(pattern: str, at: int) -> tuple[str, int]:
    made, quoted = "", False
    while at < len(pattern):
        char = pattern[at]
        if char == "'":
            if pattern[at + 1 : at + 2] == "'":
                made += char
                at += 1
            else:
                quoted = not quoted
        elif not quoted and char.isascii() and char.isalpha():
            break
        else:
            made += char
        at += 1
    return made, at


def _is_numeric(token: str) -> bool:
    if not token:
        return False
    return token[0] in _NUMERIC or (token[0] == "M" and len(token) <= 2)


def _letters(letter: str, count: int, following: str) -> FormatElement:
    if letter in _NUMBERS:
        return parts.numbered(_NUMBERS[letter], count)
    if letter in _YEARS:
        return _years(letter, count, following)
    make = _OTHERS.get(letter)
    if make is None:
        raise PatternError(f"Illegal pattern component: {letter * count}")
    return make(count)


def _month(count: int) -> FormatElement:
    if count < 3:
        return parts.numbered("month", count)
    return parts.named("month", MONTHS, count == 3)


def _zone(count: int) -> FormatElement:
    return parts.zone_id() if count >= 3 else parts.offset(":" if count == 2 else "")


_OTHERS: dict[str, Callable[[int], FormatElement]] = {
    "M": _month,
    "E": lambda count: parts.named("day of week", WEEKDAYS, count < 4),
    "a": lambda _: parts.halfday(),
    "S": lambda count: parts.fraction(count, count),
    "z": lambda count: parts.zone_name(count >= 4),
    "Z": _zone,
    "G": lambda _: parts.era(),
    "C": parts.century,
}


def _years(letter: str, count: int, following: str) -> FormatElement:
    get, of = _YEARS[letter]
    if count == 2:
        if letter == "Y":
            get, of = _YEARS["y"]
        return parts.two_digits(get, of, None, not _is_numeric(following))
    max_digits = count if _is_numeric(following) else 9
    return parts.number(get, of, count, max_digits, signed=letter != "Y")
