"""Patterns of dates and times: Joda-Time's (`yyyy-MM-dd`) and MySQL's (`%Y-%m-%d`) as elements.

org.joda.time.format.DateTimeFormat and trino-main's DateTimeFunctions.createDateTimeFormatter.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from local_cloud.athena.failures import not_supported
from local_cloud.athena.values import calendar, joda_fields, joda_parsing
from local_cloud.athena.values.date_fields import DAY_MS
from local_cloud.athena.values.joda_fields import ParsedField
from local_cloud.athena.values.joda_parsing import Parser
from local_cloud.athena.values.zones import joda_names

MONTHS = (
    "January February March April May June July August September October November December"
).split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
HALFDAYS = ("AM", "PM")
# DateTimeFunctions.PIVOT_YEAR: %y 70 is 1970, 69 is 2069.
_PIVOT_YEAR = 2020
# Joda-Time's printer of a fraction knows as many digits of milliseconds.
_MAX_FRACTION = 15


@dataclass(frozen=True, slots=True)
class Shown:
    """What clocks show: local milliseconds, the offset in seconds, the zone's name in Trino."""

    ms: int
    offset: int
    zone: str

    @property
    def days(self) -> int:
        return self.ms // DAY_MS


@dataclass(frozen=True, slots=True)
class Element:
    """One part of a pattern; `parse` is None for what Joda-Time only prints."""

    write: Callable[[Shown], str]
    parse: Parser | None


class PatternError(ValueError):
    """A pattern that Joda-Time refuses with an IllegalArgumentException."""


class UnusableError(ValueError):
    """A formatter that Joda-Time has, but cannot use (UnsupportedOperationException)."""


# ---- elements ---------------------------------------------------------------------------------


def _padded(value: int, digits: int) -> str:
    return f"-{-value:0{digits}d}" if value < 0 else f"{value:0{digits}d}"


def _literal(text: str) -> Element:
    return Element(lambda _: text, joda_parsing.literal(text))


def _number(
    get: Callable[[Shown], int],
    of: ParsedField,
    min_digits: int,
    max_digits: int,
    signed: bool = False,
) -> Element:
    return Element(
        lambda shown: _padded(get(shown), min_digits),
        joda_parsing.number(of, max(min_digits, max_digits), signed),
    )


def _year(shown: Shown) -> int:
    return calendar.date_of(shown.days)[0]


def _year_of_era(shown: Shown) -> int:
    year = _year(shown)
    return year if year > 0 else 1 - year


def _weekyear(shown: Shown) -> int:
    return calendar.iso_week(shown.days)[0]


def _clock_of(unit: int, count: int, one_is_first: bool = False) -> Callable[[Shown], int]:
    def get(shown: Shown) -> int:
        found = shown.ms // unit % count
        return count if one_is_first and found == 0 else found

    return get


Numbered = tuple[Callable[[Shown], int], ParsedField, int]
_HOUR_MS = joda_fields.HOUR_MS
# (how to read it off, the field, most digits)
_NUMBERS: dict[str, Numbered] = {
    "month": (lambda shown: calendar.date_of(shown.days)[1], joda_fields.MONTH, 2),
    "day": (lambda shown: calendar.date_of(shown.days)[2], joda_fields.DAY_OF_MONTH, 2),
    "day of year": (lambda shown: calendar.day_of_year(shown.days), joda_fields.DAY_OF_YEAR, 3),
    "day of week": (lambda shown: calendar.day_of_week(shown.days), joda_fields.DAY_OF_WEEK, 1),
    "week": (lambda shown: calendar.iso_week(shown.days)[1], joda_fields.WEEK, 2),
    "hour": (_clock_of(_HOUR_MS, 24), joda_fields.HOUR, 2),
    "clockhour": (_clock_of(_HOUR_MS, 24, True), joda_fields.CLOCKHOUR, 2),
    "hour of halfday": (_clock_of(_HOUR_MS, 12), joda_fields.HOUR_OF_HALFDAY, 2),
    "clockhour of halfday": (
        _clock_of(_HOUR_MS, 12, True),
        joda_fields.CLOCKHOUR_OF_HALFDAY,
        2,
    ),
    "minute": (_clock_of(60_000, 60), joda_fields.MINUTE, 2),
    "second": (_clock_of(1_000, 60), joda_fields.SECOND, 2),
}


def _numbered(name: str, min_digits: int) -> Element:
    get, of, max_digits = _NUMBERS[name]
    return _number(get, of, min_digits, max_digits)


def _named(name: str, names: list[str], short: bool) -> Element:
    get, of, _ = _NUMBERS[name]
    listed = [one[:3] for one in names] if short else names
    parse = joda_parsing.name(of, (names, [one[:3] for one in names]), 1)
    return Element(lambda shown: listed[get(shown) - 1], parse)


def _halfday() -> Element:
    return Element(
        lambda shown: HALFDAYS[shown.ms // joda_fields.HALFDAY_MS % 2],
        joda_parsing.name(joda_fields.HALFDAY, (HALFDAYS,), 0),
    )


def _fraction(min_digits: int, max_digits: int) -> Element:
    return Element(
        lambda shown: _fraction_text(shown.ms % 1000, min_digits, max_digits),
        joda_parsing.fraction(1_000, min(max_digits, 18)),
    )


def _fraction_text(ms: int, min_digits: int, max_digits: int) -> str:
    if ms == 0:
        return "0" * min_digits
    digits = min(max_digits, _MAX_FRACTION)
    text = f"{ms * 10**digits // 1000:0{digits}d}"
    while len(text) > max(min_digits, 1) and text.endswith("0"):
        text = text[:-1]
    return text


def _two_digits(
    get: Callable[[Shown], int], of: ParsedField, pivot: int | None, lenient: bool
) -> Element:
    return Element(
        lambda shown: f"{abs(get(shown)) % 100:02d}",
        joda_parsing.two_digit_year(of, pivot, lenient),
    )


def _no_parser(what: str) -> Parser:
    def read(*_: object) -> int:
        raise not_supported(f"reading {what}")

    return read


def _offset(separator: str) -> Element:
    def write(shown: Shown) -> str:
        minutes = abs(shown.offset) // 60
        sign = "-" if shown.offset < 0 else "+"
        return f"{sign}{minutes // 60:02d}{separator}{minutes % 60:02d}"

    return Element(write, joda_parsing.offset)


def _zone_name(long: bool) -> Element:
    def write(shown: Shown) -> str:
        if shown.zone == "UTC":
            return "Coordinated Universal Time" if long else "UTC"
        if shown.zone[0] in "+-":
            return shown.zone
        raise not_supported(f"the names of {shown.zone}'s times")

    return Element(write, None if long else joda_parsing.abbreviation)


def _zone_id(shown: Shown) -> str:
    return joda_names().get(shown.zone, shown.zone)


# ---- Joda-Time's patterns ---------------------------------------------------------------------

_LETTERS = {
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
    "x": (_weekyear, joda_fields.WEEKYEAR),
    "y": (_year, joda_fields.YEAR),
    "Y": (_year_of_era, joda_fields.YEAR_OF_ERA),
}
_NUMERIC = frozenset("cCxyYdhHmsSeDFwWkK")


@lru_cache(maxsize=512)
def of_joda(pattern: str) -> tuple[Element, ...]:
    """DateTimeFormat.forPattern. PatternError, UnusableError."""
    if not pattern:
        raise PatternError("Invalid pattern specification: Pattern is null or empty")
    tokens = _tokens(pattern)
    made: list[Element] = []
    for index, token in enumerate(tokens):
        following = tokens[index + 1] if index + 1 < len(tokens) else ""
        if token[0] == "'":
            made += [_literal(token[1:])] if len(token) > 1 else []
        else:
            made.append(_letters(token[0], len(token), following))
    if not made:
        raise UnusableError("Both printing and parsing not supported")
    return tuple(made)


def _tokens(pattern: str) -> list[str]:
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


def _letters(letter: str, count: int, following: str) -> Element:
    if letter in _LETTERS:
        return _numbered(_LETTERS[letter], count)
    if letter in _YEARS:
        return _years(letter, count, following)
    if letter == "M":
        return _named("month", MONTHS, count == 3) if count >= 3 else _numbered("month", count)
    if letter == "E":
        return _named("day of week", WEEKDAYS, count < 4)
    if letter == "a":
        return _halfday()
    if letter == "S":
        return _fraction(count, count)
    if letter == "z":
        return _zone_name(count >= 4)
    if letter == "Z":
        if count >= 3:
            return Element(_zone_id, joda_parsing.zone_id)
        return _offset(":" if count == 2 else "")
    if letter == "G":
        return Element(lambda shown: "AD" if _year(shown) > 0 else "BC", _no_parser("eras"))
    if letter == "C":
        return Element(
            lambda shown: _padded(abs(_year(shown)) // 100, count), _no_parser("centuries")
        )
    raise PatternError(f"Illegal pattern component: {letter * count}")


def _years(letter: str, count: int, following: str) -> Element:
    get, of = _YEARS[letter]
    if count == 2:
        if letter == "Y":
            get, of = _YEARS["y"]
        return _two_digits(get, of, None, not _is_numeric(following))
    max_digits = count if _is_numeric(following) else 9
    return _number(get, of, count, max_digits, signed=letter != "Y")


# ---- MySQL's patterns -------------------------------------------------------------------------

_UNSUPPORTED = frozenset("wUuVXD")


def _time_of_day(hour: str) -> tuple[Element, ...]:
    return (
        _numbered(hour, 2),
        _literal(":"),
        _numbered("minute", 2),
        _literal(":"),
        _numbered("second", 2),
    )


def _mysql_elements() -> dict[str, tuple[Element, ...]]:
    return {
        "a": (_named("day of week", WEEKDAYS, True),),
        "b": (_named("month", MONTHS, True),),
        "c": (_numbered("month", 1),),
        "d": (_numbered("day", 2),),
        "e": (_numbered("day", 1),),
        "f": (_fraction(6, 9),),
        "H": (_numbered("hour", 2),),
        "h": (_numbered("clockhour of halfday", 2),),
        "I": (_numbered("clockhour of halfday", 2),),
        "i": (_numbered("minute", 2),),
        "j": (_numbered("day of year", 3),),
        "k": (_numbered("hour", 1),),
        "l": (_numbered("clockhour of halfday", 1),),
        "M": (_named("month", MONTHS, False),),
        "m": (_numbered("month", 2),),
        "p": (_halfday(),),
        "r": (*_time_of_day("clockhour of halfday"), _literal(" "), _halfday()),
        "S": (_numbered("second", 2),),
        "s": (_numbered("second", 2),),
        "T": _time_of_day("hour"),
        "v": (_numbered("week", 2),),
        "x": (_number(_weekyear, joda_fields.WEEKYEAR, 4, 4, signed=True),),
        "W": (_named("day of week", WEEKDAYS, False),),
        "Y": (_number(_year, joda_fields.YEAR, 4, 4, signed=True),),
        "y": (_two_digits(_year, joda_fields.YEAR, _PIVOT_YEAR, False),),
    }


_MYSQL = _mysql_elements()


@lru_cache(maxsize=512)
def of_mysql(pattern: str) -> tuple[Element, ...]:
    """DateTimeFunctions.createDateTimeFormatter. PatternError."""
    made: list[Element] = []
    escaped = False
    for char in pattern:
        if not escaped and char == "%":
            escaped = True
            continue
        if escaped and char in _UNSUPPORTED:
            raise PatternError(f"%{char} not supported in date format string")
        made += _MYSQL.get(char, (_literal(char),)) if escaped else (_literal(char),)
        escaped = False
    if not made:
        raise PatternError("Both printing and parsing not supported")
    return tuple(made)


# ---- use --------------------------------------------------------------------------------------


def written(elements: tuple[Element, ...], shown: Shown) -> str:
    return "".join(one.write(shown) for one in elements)


def parser(elements: tuple[Element, ...]) -> Parser:
    """Reads all of the elements. UnusableError where one of them can only be printed."""
    parsers = [one.parse for one in elements if one.parse is not None]
    if not parsers and len(elements) == 1:
        # Alone, what prints a zone's name is taken for a parser as well.
        return joda_parsing.abbreviation
    if len(parsers) < len(elements):
        raise UnusableError("Parsing not supported")
    return joda_parsing.sequence(parsers)
