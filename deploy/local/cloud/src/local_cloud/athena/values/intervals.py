"""Texts of INTERVAL literals (IntervalLiteral, DateTimeUtils.parseDayTimeInterval)."""

import re

_UNITS = {"DAY": 86_400_000, "HOUR": 3_600_000, "MINUTE": 60_000, "SECOND": 1_000}
_ORDER = ("DAY", "HOUR", "MINUTE", "SECOND")


def months(text: str, start: str, end: str | None) -> int:
    """`'1-2' YEAR TO MONTH`, `'3' YEAR`, `'4' MONTH` as months. ValueError otherwise."""
    if start == "YEAR" and end == "MONTH":
        found = re.fullmatch(r"(-?)(\d+)-(\d+)", text, re.ASCII)
        if found is None:
            return _whole(text) * 12
        total = int(found[2]) * 12 + int(found[3])
        return _bounded(-total if found[1] else total)
    if end is not None and end != start:
        raise ValueError(text)
    return _bounded(_whole(text) * (12 if start == "YEAR" else 1))


def _whole(text: str) -> int:
    if not re.fullmatch(r"[+-]?\d+", text, re.ASCII):
        raise ValueError(text)
    return int(text)


def _bounded(value: int) -> int:
    if not -(2**31) <= value < 2**31:
        raise ValueError(value)
    return value


def milliseconds(text: str, start: str, end: str | None) -> int:
    """`'1 02:03:04.005' DAY TO SECOND` and every shorter range as milliseconds."""
    last = end or start
    if start not in _ORDER or last not in _ORDER:
        raise ValueError(text)
    units = _ORDER[_ORDER.index(start) : _ORDER.index(last) + 1]
    if not units:
        raise ValueError(text)
    found = _pattern(units).fullmatch(text)
    if found is None:
        raise ValueError(text)
    total = sum(int(found[unit] or 0) * _UNITS[unit] for unit in units)
    if "SECOND" in units and found["MILLI"]:
        total += int(found["MILLI"].ljust(3, "0")[:3])
    return -total if found["SIGN"] else total


def _pattern(units: tuple[str, ...]) -> re.Pattern[str]:
    """Later units may be left out; a second may have three digits behind its point."""
    made = ""
    for unit in reversed(units):
        one = rf"(?P<{unit}>\d+)"
        if unit == "SECOND":
            one += r"(?:\.(?P<MILLI>\d{1,3}))?"
        if unit != units[0]:
            before = " " if units[units.index(unit) - 1] == "DAY" else ":"
            made = rf"(?:{before}{one}{made})?"
        else:
            made = one + made
    return re.compile(r"(?P<SIGN>-)?" + made, re.ASCII)
