"""Dates and times as java.util.Formatter writes them (%tF and its like), in English."""

from collections.abc import Callable
from dataclasses import dataclass

from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.values import calendar, zoned
from local_cloud.athena.sql.values.calendar import MONTHS, US_PER_DAY, US_PER_SECOND, WEEKDAYS

CONVERSIONS = frozenset("HIklMNLQpsSTzZaAbBCdehjmyYrRcDF")
# GregorianCalendar has the Julian calendar before this day.
_GREGORIAN = -12_219_292_800_000


class NoSuchFieldError(ValueError):
    """A date has no hours, a time no year (UnsupportedTemporalTypeException)."""


@dataclass(frozen=True, slots=True)
class Moment:
    """What there is of a date, a time, a timestamp or one with a zone."""

    days: int | None
    micros: int | None
    zone: str | None = None
    offset_us: int | None = None

    def of_day(self) -> int:
        if self.micros is None:
            raise NoSuchFieldError
        return self.micros

    def date(self) -> int:
        if self.days is None:
            raise NoSuchFieldError
        return self.days

    def epoch_us(self) -> int:
        if self.offset_us is None:
            raise NoSuchFieldError
        return self.date() * US_PER_DAY + self.of_day() - self.offset_us


def of_millis(value: int) -> Moment:
    """A Long is milliseconds since 1970, in the server's zone."""
    if not _GREGORIAN <= value < 253_402_300_800_000:
        raise not_supported("format() of a number as a date so far away")
    days, millis = divmod(value, 86_400_000)
    return Moment(days, millis * 1000, "UTC", 0)


def of_timestamp(micros: int) -> Moment:
    days, of_day = divmod(micros, US_PER_DAY)
    return Moment(days, of_day)


def of_zoned(micros: int, zone: str) -> Moment:
    local = zoned.to_local(micros, zone)
    days, of_day = divmod(local, US_PER_DAY)
    return Moment(days, of_day, zone, local - micros)


# ---- toString ---------------------------------------------------------------------------------


def text(of: Moment) -> str:
    """What java.time prints: seconds and fractions only where there are some."""
    parts = []
    if of.days is not None:
        parts.append(calendar.date_text(of.days))
    if of.micros is not None:
        parts.append(_time_text(of.micros))
    made = "T".join(parts)
    if of.zone is None or of.offset_us is None:
        return made
    offset = _offset_text(of.offset_us // US_PER_SECOND)
    # An offset for a zone is a ZoneOffset, which is not repeated.
    return made + offset if of.zone[0] in "+-" else f"{made}{offset}[{of.zone}]"


def _time_text(micros: int) -> str:
    seconds, fraction = divmod(micros, US_PER_SECOND)
    made = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    if seconds % 60 or fraction:
        made += f":{seconds % 60:02d}"
    if fraction:
        made += f".{fraction // 1000:03d}" if fraction % 1000 == 0 else f".{fraction:06d}"
    return made


def _offset_text(seconds: int) -> str:
    if seconds == 0:
        return "Z"
    sign, rest = ("-", -seconds) if seconds < 0 else ("+", seconds)
    made = f"{sign}{rest // 3600:02d}:{rest // 60 % 60:02d}"
    return made + f":{rest % 60:02d}" if rest % 60 else made


# ---- %t ---------------------------------------------------------------------------------------


def _hour(of: Moment) -> int:
    return of.of_day() // (3600 * US_PER_SECOND)


def _clock_hour(of: Moment) -> int:
    return (_hour(of) + 11) % 12 + 1


def _year_of_era(of: Moment) -> int:
    year = calendar.date_of(of.date())[0]
    return year if year > 0 else 1 - year


def _month(of: Moment) -> int:
    return calendar.date_of(of.date())[1]


def _day(of: Moment) -> int:
    return calendar.date_of(of.date())[2]


def _fraction(of: Moment) -> int:
    return of.of_day() % US_PER_SECOND


def _offset(of: Moment) -> str:
    if of.offset_us is None:
        raise NoSuchFieldError
    minutes = abs(of.offset_us) // (60 * US_PER_SECOND)
    sign = "-" if of.offset_us < 0 else "+"
    return f"{sign}{minutes // 60 * 100 + minutes % 60:04d}"


def _zone(of: Moment) -> str:
    if of.zone is None:
        raise NoSuchFieldError
    if of.zone != "UTC" and of.zone[0] not in "+-":
        raise not_supported("format() with the name of a time zone")
    return of.zone


def _millis(of: Moment) -> str:
    return str(of.epoch_us() // US_PER_SECOND * 1000 + _fraction(of) // 1000)


_FIELDS: dict[str, Callable[[Moment], str]] = {
    "H": lambda of: f"{_hour(of):02d}",
    "I": lambda of: f"{_clock_hour(of):02d}",
    "k": lambda of: str(_hour(of)),
    "l": lambda of: str(_clock_hour(of)),
    "M": lambda of: f"{of.of_day() // (60 * US_PER_SECOND) % 60:02d}",
    "S": lambda of: f"{of.of_day() // US_PER_SECOND % 60:02d}",
    "N": lambda of: f"{_fraction(of) * 1000:09d}",
    "L": lambda of: f"{_fraction(of) // 1000:03d}",
    "Q": _millis,
    "s": lambda of: str(of.epoch_us() // US_PER_SECOND),
    "p": lambda of: "am" if _hour(of) < 12 else "pm",
    "z": _offset,
    "Z": _zone,
    "a": lambda of: WEEKDAYS[calendar.day_of_week(of.date()) - 1][:3],
    "A": lambda of: WEEKDAYS[calendar.day_of_week(of.date()) - 1],
    "b": lambda of: MONTHS[_month(of) - 1][:3],
    "h": lambda of: MONTHS[_month(of) - 1][:3],
    "B": lambda of: MONTHS[_month(of) - 1],
    "C": lambda of: f"{_year_of_era(of) // 100:02d}",
    "y": lambda of: f"{_year_of_era(of) % 100:02d}",
    "Y": lambda of: f"{_year_of_era(of):04d}",
    "d": lambda of: f"{_day(of):02d}",
    "e": lambda of: str(_day(of)),
    "j": lambda of: f"{calendar.day_of_year(of.date()):03d}",
    "m": lambda of: f"{_month(of):02d}",
    "F": lambda of: calendar.date_text(of.date()),
}
_COMPOSED = {
    "T": "H:M:S",
    "R": "H:M",
    "r": "I:M:S p",
    "c": "a b d T Z Y",
    "D": "m/d/y",
}


def written(of: Moment, conversion: str) -> str:
    """One conversion. Raises NoSuchFieldError."""
    if conversion in _FIELDS:
        return _FIELDS[conversion](of)
    parts = (written(of, one) if one.isalpha() else one for one in _COMPOSED[conversion])
    made = "".join(parts)
    return made.upper() if conversion == "r" else made
