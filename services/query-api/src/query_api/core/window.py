"""Times of a request, and the partitions that can hold their rows."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from coinlake.contracts.hours import Hour, hour_of
from query_api.core.problems import BadRequestError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MS = 946_684_800_000  # 2000-01-01T00:00:00Z, as in contracts/hours.py
_END_MS = 4_102_444_800_000  # 2100-01-01T00:00:00Z
_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?)?"
)


@dataclass(frozen=True, slots=True)
class TimeWindow:
    """A half-open range of time, [from_ms, to_ms), in ms since the epoch."""

    from_ms: int
    to_ms: int

    @property
    def span_ms(self) -> int:
        return self.to_ms - self.from_ms


def instant_ms(text: str, name: str) -> int:
    """Read a time: ms since the epoch, or RFC 3339 (UTC where no zone is given)."""
    try:
        at_ms = int(text) if re.fullmatch(r"\d{1,15}", text) else _parsed_ms(text)
    except ValueError:
        raise BadRequestError(
            f"{name} is not a valid time: use RFC 3339 or milliseconds since the epoch"
        ) from None
    if not _FIRST_MS <= at_ms <= _END_MS:
        raise BadRequestError(f"{name} must be between 2000 and 2099")
    return at_ms


def _parsed_ms(text: str) -> int:
    if not _RFC3339.fullmatch(text):
        raise ValueError(text)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def window_of(
    from_ms: int | None, to_ms: int | None, *, now_ms: int, default_ms: int, max_ms: int
) -> TimeWindow:
    """The asked range; `to` defaults to now, `from` to `default_ms` before `to`."""
    to_ms = now_ms if to_ms is None else to_ms
    from_ms = to_ms - default_ms if from_ms is None else from_ms
    if from_ms >= to_ms:
        raise BadRequestError("from must be before to")
    if to_ms - from_ms > max_ms:
        raise BadRequestError(f"the range is longer than {max_ms // 1000} seconds")
    return TimeWindow(from_ms, to_ms)


def received_hours(window: TimeWindow, skew_ms: int) -> tuple[Hour, Hour]:
    """First and last receive hour that can hold rows whose `source_ts` is in the window.

    The ingestor bounds |received - source| by the skew, so nothing lies outside.
    """
    first = max(_FIRST_MS, window.from_ms - skew_ms)
    last = min(_END_MS - 1, window.to_ms - 1 + skew_ms)
    return hour_of(first), hour_of(last)


def rfc3339(at_ms: int) -> str:
    """Milliseconds since the epoch as RFC 3339 in UTC, always with milliseconds."""
    moment = _EPOCH + timedelta(milliseconds=at_ms)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{at_ms % 1000:03d}Z"


def time_or_null(ms: int | None) -> str | None:
    """The same, null where there is no such time."""
    return None if ms is None else rfc3339(ms)
