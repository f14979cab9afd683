"""The parts of which formats of dates are made, each to write and to read.

org.joda.time.format.DateTimeFormatterBuilder; texts are English.
"""

from collections.abc import Callable
from dataclasses import dataclass

from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.values import calendar, joda_fields, joda_parsing, joda_zone_parsing
from local_cloud.athena.sql.values.date_fields import DAY_MS
from local_cloud.athena.sql.values.joda_fields import ParsedField
from local_cloud.athena.sql.values.joda_parsing import Parser
from local_cloud.athena.sql.values.zones import joda_names

HALFDAYS = ("AM", "PM")
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
class FormatElement:
    """One part of a pattern; `parse` is None for what Joda-Time only prints."""

    write: Callable[[Shown], str]
    parse: Parser | None


class PatternError(ValueError):
    """A pattern that Joda-Time refuses with an IllegalArgumentException."""


class UnusableError(ValueError):
    """A formatter that Joda-Time has, but cannot use (UnsupportedOperationException)."""


def _padded(value: int, digits: int) -> str:
    return f"-{-value:0{digits}d}" if value < 0 else f"{value:0{digits}d}"


def literal(text: str) -> FormatElement:
    return FormatElement(lambda _: text, joda_parsing.literal(text))


def number(
    get: Callable[[Shown], int],
    of: ParsedField,
    min_digits: int,
    max_digits: int,
    signed: bool = False,
) -> FormatElement:
    return FormatElement(
        lambda shown: _padded(get(shown), min_digits),
        joda_parsing.number(of, max(min_digits, max_digits), signed),
    )


def year_of(shown: Shown) -> int:
    return calendar.date_of(shown.days)[0]


def year_of_era(shown: Shown) -> int:
    year = year_of(shown)
    return year if year > 0 else 1 - year


def weekyear_of(shown: Shown) -> int:
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


def numbered(name: str, min_digits: int) -> FormatElement:
    get, of, max_digits = _NUMBERS[name]
    return number(get, of, min_digits, max_digits)


def named(name: str, names: tuple[str, ...], short: bool) -> FormatElement:
    get, of, _ = _NUMBERS[name]
    brief = tuple(one[:3] for one in names)
    listed = brief if short else names
    parse = joda_parsing.name(of, (names, brief), 1)
    return FormatElement(lambda shown: listed[get(shown) - 1], parse)


def halfday() -> FormatElement:
    return FormatElement(
        lambda shown: HALFDAYS[shown.ms // joda_fields.HALFDAY_MS % 2],
        joda_parsing.name(joda_fields.HALFDAY, (HALFDAYS,), 0),
    )


def fraction(min_digits: int, max_digits: int) -> FormatElement:
    return FormatElement(
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


def two_digits(
    get: Callable[[Shown], int], of: ParsedField, pivot: int | None, lenient: bool
) -> FormatElement:
    return FormatElement(
        lambda shown: f"{abs(get(shown)) % 100:02d}",
        joda_parsing.two_digit_year(of, pivot, lenient),
    )


def _no_parser(what: str) -> Parser:
    def read(*_: object) -> int:
        raise not_supported(f"reading {what}")

    return read


def era() -> FormatElement:
    return FormatElement(lambda shown: "AD" if year_of(shown) > 0 else "BC", _no_parser("eras"))


def century(digits: int) -> FormatElement:
    return FormatElement(
        lambda shown: _padded(abs(year_of(shown)) // 100, digits), _no_parser("centuries")
    )


def offset(separator: str) -> FormatElement:
    def write(shown: Shown) -> str:
        minutes = abs(shown.offset) // 60
        sign = "-" if shown.offset < 0 else "+"
        return f"{sign}{minutes // 60:02d}{separator}{minutes % 60:02d}"

    return FormatElement(write, joda_zone_parsing.offset)


def zone_name(long: bool) -> FormatElement:
    def write(shown: Shown) -> str:
        if shown.zone == "UTC":
            return "Coordinated Universal Time" if long else "UTC"
        if shown.zone[0] in "+-":
            return shown.zone
        raise not_supported(f"the names of {shown.zone}'s times")

    return FormatElement(write, None if long else joda_zone_parsing.abbreviation)


def zone_id() -> FormatElement:
    return FormatElement(
        lambda shown: joda_names().get(shown.zone, shown.zone), joda_zone_parsing.zone_id
    )


# ---- use --------------------------------------------------------------------------------------


def written(elements: tuple[FormatElement, ...], shown: Shown) -> str:
    return "".join(one.write(shown) for one in elements)


def parser(elements: tuple[FormatElement, ...]) -> Parser:
    """Reads all of the elements. UnusableError where one of them can only be printed."""
    parsers = [one.parse for one in elements if one.parse is not None]
    if not parsers and len(elements) == 1:
        # Alone, what prints a zone's name is taken for a parser as well.
        return joda_zone_parsing.abbreviation
    if len(parsers) < len(elements):
        raise UnusableError("Parsing not supported")
    return joda_parsing.sequence(parsers)
