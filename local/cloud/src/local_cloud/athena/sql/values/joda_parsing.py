"""Reading dates and times as Joda-Time's formatters do (org.joda.time.format).

A parser is given what has been read so far, the text and a place in it; it answers the place
behind what it read, or `~place` where it cannot go on.
"""

from collections.abc import Callable, Sequence

from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.values import joda_fields
from local_cloud.athena.sql.values.joda_bucket import Bucket
from local_cloud.athena.sql.values.joda_fields import ParsedField

_MAX_INT = 2**31


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


def digits_end(text: str, at: int, end: int) -> int:
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
        end = digits_end(text, start, limit)
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
            end = digits_end(text, at, len(text))
            if end == at:
                return ~at
            if end - at != 2:
                bucket.fields.append((of, _int(text[at:end])))
                return end
        if digits_end(text, at, min(len(text), at + 2)) != at + 2:
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
        end = digits_end(text, at, min(len(text), at + max_digits))
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
