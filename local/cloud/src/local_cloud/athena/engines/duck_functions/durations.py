"""Durations in words: parse_duration and human_readable_seconds."""

import math
import re

from local_cloud.athena.engines.duck_sql.registry import python
from local_cloud.athena.sql.failures import invalid_argument
from local_cloud.athena.sql.values import numbers

# io.airlift.units.Duration.
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*", re.ASCII)
_MILLISECONDS = {
    "ns": 1.0 / 1_000_000.0,
    "us": 1.0 / 1_000.0,
    "ms": 1.0,
    "s": 1_000.0,
    "m": 60_000.0,
    "h": 3_600_000.0,
    "d": 86_400_000.0,
}
_PERIODS = (("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


@python("parse_duration(varchar(x))")
def _parse_duration(text: str) -> int:
    found = _DURATION.fullmatch(text)
    unit = _MILLISECONDS.get(found[2]) if found else None
    if found is None or unit is None:
        raise invalid_argument(f"duration is not a valid data duration string: {text}")
    milliseconds = float(found[1]) * unit
    if math.isinf(milliseconds) or math.floor(milliseconds + 0.5) > 2**63:
        raise invalid_argument(f"value {text} is too large")
    return min(math.floor(milliseconds + 0.5), 2**63 - 1)


@python("human_readable_seconds(double)")
def _human_readable_seconds(seconds: float) -> str:
    if not math.isfinite(seconds):
        raise invalid_argument(f"Invalid argument found: {numbers.java_double(seconds)}")
    whole = math.floor(abs(seconds))
    rest = min(whole + (abs(seconds) - whole >= 0.5), 2**63 - 1)
    parts = []
    for name, size in _PERIODS:
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}{'' if count == 1 else 's'}")
    return ", ".join(parts) or "0 seconds"
