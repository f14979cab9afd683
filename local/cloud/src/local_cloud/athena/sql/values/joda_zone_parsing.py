"""Reading offsets and zones as Joda-Time's formatters do."""

from functools import cache

from local_cloud.athena.sql.values.joda_bucket import Bucket
from local_cloud.athena.sql.values.joda_parsing import digits_end
from local_cloud.athena.sql.values.zones import joda_names


def offset(bucket: Bucket, text: str, at: int) -> int:
    """Z, or ±hh[[:]mm[[:]ss[[.]SSS]]] (TimeZoneOffset)."""
    if text[at : at + 1] in ("Z", "z"):
        bucket.offset = 0
        return at + 1
    if text[at : at + 1] not in ("+", "-") or len(text) - at <= 1:
        return ~at
    sign, start = (-1 if text[at] == "-" else 1), at + 1
    if digits_end(text, start, start + 2 if len(text) >= start + 2 else start) != start + 2:
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
        end = digits_end(text, at, min(len(text), at + most))
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
