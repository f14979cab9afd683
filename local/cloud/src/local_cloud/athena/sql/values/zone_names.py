"""Names of time zones, as java.time (ZoneId.of) and Trino (TimeZoneKey) read them."""

import re
from functools import lru_cache

from local_cloud.athena.sql.values.zones import java_knows, trino_knows

MAX_OFFSET_MINUTES = 14 * 60
# TimeZoneKey.UTC_EQUIVALENTS.
_UTC = frozenset(
    f"{area}{name}{zero}"
    for area, names in (("", ("GMT", "UT", "UTC")), ("Etc/", ("GMT", "UT", "UTC")))
    for name in names
    for zero in ("", "+0", "-0")
) | frozenset(
    (
        *("GMT0", "Etc/GMT0", "+0000", "+00:00", "-0000", "-00:00", "Z", "Zulu", "UCT"),
        *("Greenwich", "Universal", "Etc/Universal", "Etc/UCT"),
    )
)
_PREFIXES = ("Etc/GMT", "Etc/UTC", "Etc/UT", "GMT", "UTC", "UT")
_INTEGER = re.compile(r"[+-]?\d+", re.ASCII)
# ZoneOffset.of: +h, +hh, +hh:mm, +hhmm, +hh:mm:ss and +hhmmss.
_OFFSET = re.compile(r"([+-])(?:(\d)|(\d\d)(?::(\d\d)(?::(\d\d))?|(\d\d)(\d\d)?)?)", re.ASCII)
_REGION = re.compile(r"[A-Za-z][A-Za-z0-9~/._+-]+", re.ASCII)


@lru_cache(maxsize=4096)
def java_id(text: str) -> str:
    """ZoneId.of(text).getId(). ValueError where java.time knows no such zone."""
    if len(text) <= 1 or text[0] in "+-":
        return _offset_id(text)
    for prefix in ("UTC", "GMT", "UT"):
        if text.startswith(prefix):
            return _prefixed(text, prefix)
    return _region(text)


def _prefixed(text: str, prefix: str) -> str:
    rest = text.removeprefix(prefix)
    if not rest:
        return text
    if rest[0] not in "+-":
        # Such as UTC3 or GMT0: "UT" is tried last.
        return _region(text)
    offset = _offset_id(rest)
    return prefix if offset == "Z" else prefix + offset


def _region(text: str) -> str:
    if not _REGION.fullmatch(text) or not java_knows(text):
        raise ValueError(f"no such zone: {text}")
    return text


def _offset_id(text: str) -> str:
    """ZoneOffset.of(text).getId()."""
    if text == "Z":
        return text
    found = _OFFSET.fullmatch(text)
    if found is None:
        raise ValueError(f"no such offset: {text}")
    hours = int(found[2] or found[3])
    minutes, seconds = int(found[4] or found[6] or 0), int(found[5] or found[7] or 0)
    total = hours * 3600 + minutes * 60 + seconds
    if hours > 18 or minutes > 59 or seconds > 59 or total > 18 * 3600:
        raise ValueError(f"no such offset: {text}")
    if total == 0:
        return "Z"
    shown = f"{found[1]}{hours:02d}:{minutes:02d}"
    return f"{shown}:{seconds:02d}" if seconds else shown


@lru_cache(maxsize=4096)
def trino_id(text: str) -> str:
    """TimeZoneKey.getTimeZoneKey(text).getId(). ValueError where Trino has no such zone."""
    for name in (text, _normalized(text)):
        if name == "UTC" or _is_offset_key(name) or trino_knows(name):
            return name
    raise ValueError(f"Time zone not supported: {text}")


def _is_offset_key(name: str) -> bool:
    found = re.fullmatch(r"[+-](\d\d):(\d\d)", name, re.ASCII)
    if found is None or int(found[2]) > 59:
        return False
    return 0 < int(found[1]) * 60 + int(found[2]) <= MAX_OFFSET_MINUTES


def _normalized(text: str) -> str:
    """TimeZoneKey.normalizeZoneId."""
    if text in _UTC:
        return "UTC"
    for prefix in _PREFIXES:
        if text.startswith(prefix):
            rest = text.removeprefix(prefix)
            if not rest or rest[0] not in "+-":
                return text
            if ":" not in rest and len(rest) > 3:
                break
            return _legacy(text, prefix, rest)
    try:
        name = java_id(text)
    except ValueError:
        return text
    return "UTC" if name in _UTC else name


def _legacy(text: str, prefix: str, rest: str) -> str:
    """Etc/GMT+00:00, GMT-7 and the like."""
    hours, _, minutes = rest.partition(":")
    if not _INTEGER.fullmatch(hours) or (":" in rest and not _INTEGER.fullmatch(minutes)):
        return text
    hour, minute = int(hours), int(minutes or 0)
    if hour == minute == 0:
        return "UTC"
    if prefix == "Etc/GMT":
        hour = -hour
    return f"{'+' if hour >= 0 else '-'}{abs(hour):02d}:{minute:02d}"


def offset_name(minutes: int) -> str:
    """TimeZoneKey.getTimeZoneKeyForOffset. ValueError beyond 14 hours."""
    if not -MAX_OFFSET_MINUTES <= minutes <= MAX_OFFSET_MINUTES:
        raise ValueError(f"Invalid offset minutes {minutes}")
    if minutes == 0:
        return "UTC"
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
