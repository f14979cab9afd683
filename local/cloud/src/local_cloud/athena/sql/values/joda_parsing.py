"""Reading dates and times as Joda-Time's formatters do (org.joda.time.format).

A parser is given what has been read so far, the text and a place in it; it answers the place
behind what it read, or `~place` where it cannot go on.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache

from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.values import joda_fields
from local_cloud.athena.sql.values.date_fields import DAY_MS
from local_cloud.athena.sql.values.joda_fields import MONTH_MS, ParsedField
from local_cloud.athena.sql.values.wall_clocks import joda_offset
from local_cloud.athena.sql.values.zone_names import trino_id
from local_cloud.athena.sql.values.zones import joda_names, zone

# DateTimeFormatter.withDefaultYear: for texts whose largest field is a month or a day.
_DEFAULT_YEAR = 2000
_MAX_INT = 2**31


@dataclass(slots=True)
class Bucket:
    """What has been read: fields with values, an offset in milliseconds, a zone."""

    fields: list[tuple[ParsedField, int]] = field(default_factory=list)
    offset: int | None = None
    zone: str | None = None

    def state(self) -> tuple[list[tuple[ParsedField, int]], int | None, str | None]:
        return self.fields[:], self.offset, self.zone

    def restore(
        self, state: tuple[list[tuple[ParsedField, int]], int | None, str | None]
    ) -> None:
        self.fields, self.offset, self.zone = state[0][:], state[1], state[2]

    def milliseconds(self) -> int:
        """DateTimeParserBucket.computeMillis: UTC. ValueError where a field is out of bounds."""
        found = sorted(self.fields, key=lambda one: one[0].order)
        if found and DAY_MS <= found[0][0].size <= MONTH_MS:
            found = sorted(
                [*found, (joda_fields.YEAR, _DEFAULT_YEAR)], key=lambda one: one[0].order
            )
        ms = 0
        for one, value in found:
            ms = one.floor(one.set(ms, value))
        # Once more: a later field may have moved an earlier one.
        for index, (one, value) in enumerate(found):
            ms = one.set(ms, value)
            if index == len(found) - 1:
                ms = one.floor(ms)
        if self.offset is not None:
            return ms - self.offset
        return _in_zone(ms, self.zone) if self.zone is not None else ms


def _in_zone(ms: int, name: str) -> int:
    of = zone(trino_id(name))
    offset = joda_offset(of, ms // 1000)
    if of.offset(ms // 1000 - offset) != offset:
        raise ValueError(f"Illegal instant due to time zone offset transition ({name})")
    return ms - offset * 1000


Parser = Callable[[Bucket, str, int], int]


def parse(parser: Parser, text: str) -> Bucket:
    """All of the text, or ValueError."""
    bucket = Bucket()
    if parser(bucket, text, 0) < len(text):
        raise ValueError(f'Invalid format: "{text}"')
    return bucket


def sequence(parsers: Sequence[Parser]) -> Parser:
    def read(bucket: Bucket, text: str, at: int) -> int:
        for one in parsers:
            at = one(bucket, text, at)
            if at < 0:
                break
        return at

    return read


def either(parsers: Sequence[Parser], optional: bool = False) -> Parser:
    """The one that reads most (DateTimeFormatterBuilder.MatchingParser)."""

    def read(bucket: Bucket, text: str, at: int) -> int:
        start, best, kept, furthest = bucket.state(), at, bucket.state(), at
        for one in parsers:
            place = one(bucket, text, at)
            if place > best:
                best, kept = place, bucket.state()
                if place >= len(text):
                    return place
            elif place < 0:
                furthest = max(furthest, ~place)
            bucket.restore(start)
        if best > at or optional:
            bucket.restore(kept)
            return best
        return ~furthest

    return read


# ---- elements ---------------------------------------------------------------------------------


def _same_char(a: str, b: str) -> bool:
    if a == b:
        return True
    # Java compares its 16-bit characters, so that those beyond have no case.
    return max(a, b) <= "\uffff" and _small(a) == _small(b)


def _small(char: str) -> str:
    """The small letter of the capital one, each a single character."""
    for change in (str.upper, str.lower):
        changed = change(char)
        char = changed if len(changed) == 1 else char
    return char


def literal(value: str) -> Parser:
    def read(bucket: Bucket, text: str, at: int) -> int:
        part = text[at : at + len(value)]
        same = len(part) == len(value) and all(map(_same_char, part, value))
        return at + len(value) if same else ~at

    return read


def _digits(text: str, at: int, end: int) -> int:
    """Where the digits from `at` on end."""
    while at < end and "0" <= text[at] <= "9":
        at += 1
    return at


def number(of: ParsedField, max_digits: int, signed: bool = False) -> Parser:
    def read(bucket: Bucket, text: str, at: int) -> int:
        start, limit = at, min(len(text), at + max_digits)
        if signed and at < limit and text[at] in "+-":
            # A sign needs a digit within the limit, and then does not count.
            if at + 1 >= limit:
                return ~at
            start, limit = at + 1, min(len(text), limit + 1)
        end = _digits(text, start, limit)
        if end == start:
            return ~at
        value = _int(text[start:end])
        bucket.fields.append((of, -value if text[at] == "-" else value))
        return end

    return read


def two_digit_year(of: ParsedField, pivot: int | None, lenient: bool) -> Parser:
    """Two digits near the pivot; if `lenient` also any other number, as it stands."""

    def read(bucket: Bucket, text: str, at: int) -> int:
        if lenient:
            if text[at : at + 1] in ("+", "-"):
                raise not_supported("years of two digits with a sign")
            end = _digits(text, at, len(text))
            if end == at:
                return ~at
            if end - at != 2:
                bucket.fields.append((of, _int(text[at:end])))
                return end
        if _digits(text, at, min(len(text), at + 2)) != at + 2:
            return ~at
        if pivot is None:
            raise not_supported("years of two digits: Trino reads them by the year of today")
        low = pivot - 50
        value = int(text[at : at + 2])
        turn = low % 100
        bucket.fields.append((of, value + low + (100 if value < turn else 0) - turn))
        return at + 2

    return read


def _int(digits: str) -> int:
    value = int(digits)
    if value >= _MAX_INT:
        raise ValueError(f"{value} is too large")
    return value


def fraction(unit: int, max_digits: int) -> Parser:
    """Digits of a part of a second, minute or hour; what is below a millisecond is cut off."""
    of = joda_fields.fraction_of(unit)

    def read(bucket: Bucket, text: str, at: int) -> int:
        end = _digits(text, at, min(len(text), at + max_digits))
        if end == at:
            return ~at
        value, size = 0, unit * 10
        for digit in text[at:end]:
            size //= 10
            value += int(digit) * size
        bucket.fields.append((of, value // 10))
        return end

    return read


def name(of: ParsedField, names: Sequence[Sequence[str]], first: int) -> Parser:
    """One of the names (long ones, short ones), as written, in small or in capital letters."""
    values = {
        one: index + first
        for listed in names
        for index, full in enumerate(listed)
        for one in (full, full.lower(), full.upper())
    }
    longest = max(map(len, values))

    def read(bucket: Bucket, text: str, at: int) -> int:
        for end in range(min(len(text), at + longest), at, -1):
            found = values.get(text[at:end])
            if found is not None:
                bucket.fields.append((of, found))
                return end
        return ~at

    return read


def offset(bucket: Bucket, text: str, at: int) -> int:
    """Z, or ±hh[[:]mm[[:]ss[[.]SSS]]] (TimeZoneOffset)."""
    if text[at : at + 1] in ("Z", "z"):
        bucket.offset = 0
        return at + 1
    if text[at : at + 1] not in ("+", "-") or len(text) - at <= 1:
        return ~at
    sign, start = (-1 if text[at] == "-" else 1), at + 1
    if _digits(text, start, start + 2 if len(text) >= start + 2 else start) != start + 2:
        return ~start
    hours = int(text[start : start + 2])
    if hours > 23:
        return ~start
    rest = _smaller_parts(text, start + 2)
    if rest[0] < 0:
        return rest[0]
    bucket.offset = sign * (hours * 3_600_000 + rest[1])
    return rest[0]


# What may stand before each part, its most digits, and the milliseconds of one.
_SMALLER = ((":", 2, 60_000), (":", 2, 1_000), (".,", 3, 1))


def _smaller_parts(text: str, at: int) -> tuple[int, int]:
    """(the place behind them or ~place, milliseconds) of minutes, seconds and their fraction."""
    separated, total = text[at : at + 1] == ":", 0
    for separators, most, size in _SMALLER:
        if separated:
            if text[at : at + 1] not in tuple(separators):
                break
            at += 1
        end = _digits(text, at, min(len(text), at + most))
        if end == at and not separated:
            break
        if not _is_part(text[at:end], most):
            return ~at, 0
        total += int(text[at:end].ljust(most, "0")) * size
        at = end
    return at, total


def _is_part(digits: str, most: int) -> bool:
    """Two digits up to 59; or of a fraction at least one."""
    return bool(digits) if most == 3 else len(digits) == 2 and int(digits) <= 59


@cache
def _grouped_names() -> tuple[frozenset[str], int]:
    names = frozenset(joda_names())
    return names, max(map(len, names))


def zone_id(bucket: Bucket, text: str, at: int) -> int:
    """The longest name of a zone that stands here (TimeZoneId)."""
    names, longest = _grouped_names()
    for end in range(min(len(text), at + longest), at, -1):
        if text[at:end] in names:
            bucket.zone = joda_names()[text[at:end]]
            return end
    return ~at


# DateTimeUtils.getDefaultTimeZoneNames.
_ABBREVIATIONS = {
    **dict.fromkeys(("UT", "UTC", "GMT"), "UTC"),
    **dict.fromkeys(("EST", "EDT"), "America/New_York"),
    **dict.fromkeys(("CST", "CDT"), "America/Chicago"),
    **dict.fromkeys(("MST", "MDT"), "America/Denver"),
    **dict.fromkeys(("PST", "PDT"), "America/Los_Angeles"),
}


def abbreviation(bucket: Bucket, text: str, at: int) -> int:
    for end in (at + 3, at + 2):
        found = _ABBREVIATIONS.get(text[at:end])
        if found is not None:
            bucket.zone = found
            return end
    return ~at
