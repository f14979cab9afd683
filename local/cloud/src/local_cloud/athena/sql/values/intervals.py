"""Texts of INTERVAL literals, as Joda-Time's period parser reads them (DateTimeUtils)."""

import re

from local_cloud.athena.sql.values.numbers import fits

_UNITS = {"DAY": 86_400_000, "HOUR": 3_600_000, "MINUTE": 60_000, "SECOND": 1_000}
_ORDER = tuple(_UNITS)
# A field has at most ten digits and a plus sign; a minus sign inside is refused for its value,
# unless that is zero.
_FIELD = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_SECONDS = re.compile(r"([+-]?)(?=[.,]?\d)(\d*)(?:[.,](\d*))?", re.ASCII)
_MAX_SECOND_DIGITS = 10


def months(text: str, start: str, end: str | None) -> int:
    """`'1-2' YEAR TO MONTH`, `'3' YEAR`, `'4' MONTH` as months. ValueError otherwise."""
    if end is not None and (start, end) != ("YEAR", "MONTH"):
        raise ValueError(f"Invalid interval qualifier: {start} TO {end}")
    names = ("YEAR", "MONTH") if end else (start,)
    negative, values = _read(text, names, {"MONTH": "-"})
    total = values.get("YEAR", 0) * 12 + values.get("MONTH", 0)
    return _bounded(-total if negative else total, 32)


def milliseconds(text: str, start: str, end: str | None) -> int:
    """`'1 02:03:04.005' DAY TO SECOND` and every shorter range as milliseconds."""
    if start not in _ORDER or (end is not None and _is_no_range(start, end)):
        raise ValueError(f"Invalid interval qualifier: {start} TO {end}")
    names = _ORDER[_ORDER.index(start) : _ORDER.index(end or start) + 1]
    negative, values = _read(text, names, {"HOUR": " ", "MINUTE": ":", "SECOND": ":"})
    total = sum(_UNITS.get(name, 1) * value for name, value in values.items())
    return -total if negative else total


def _is_no_range(start: str, end: str) -> bool:
    return end not in _ORDER or _ORDER.index(end) <= _ORDER.index(start)


def _bounded(value: int, bits: int) -> int:
    if not fits(value, bits):
        raise ValueError(value)
    return value


def _read(
    text: str, names: tuple[str, ...], before: dict[str, str]
) -> tuple[bool, dict[str, int]]:
    """Whether a minus sign comes first, and the fields; the later ones may be left out."""
    negative = text.startswith("-")
    at, values = int(negative), dict[str, int]()
    for name in names:
        if name != names[0]:
            if at == len(text):
                break
            if text[at] != before[name]:
                raise ValueError(text)
            at += 1
        if at < len(text):
            at = (
                _second(text, at, values)
                if name == "SECOND"
                else _field(text, at, name, values)
            )
    if at < len(text):
        raise ValueError(text)
    if any(value < 0 for value in values.values()):
        raise ValueError(text)
    return negative, values


def _field(text: str, at: int, name: str, values: dict[str, int]) -> int:
    found = _FIELD.match(text, at)
    if found is None:
        raise ValueError(text)
    values[name] = _bounded(int(found[0]), 32)
    return found.end()


def _second(text: str, at: int, values: dict[str, int]) -> int:
    found = _SECONDS.match(text, at)
    if found is None:
        raise ValueError(text)
    sign, whole, part = found.groups()
    if len(whole) + len(part or "") > _MAX_SECOND_DIGITS:
        raise ValueError(text)
    factor = -1 if sign == "-" else 1
    values["SECOND"] = _bounded(factor * int(whole or 0), 32)
    values["MILLI"] = factor * int((part or "")[:3].ljust(3, "0"))
    return found.end()
