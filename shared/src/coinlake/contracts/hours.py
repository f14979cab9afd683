"""UTC hours: the unit of partitions, batches and the ledger."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

HOUR_MS = 3_600_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_MS = 946_684_800_000  # 2000-01-01T00:00:00Z
_END_MS = 4_102_444_800_000  # 2100-01-01T00:00:00Z


@dataclass(frozen=True, slots=True, order=True)
class Hour:
    """One UTC hour as the partitions name it: `dt` is YYYY-MM-DD, `hour` is '00' to '23'."""

    dt: str
    hour: str

    @property
    def start_ms(self) -> int:
        """The first millisecond of the hour."""
        start = datetime.fromisoformat(f"{self.dt}T{self.hour}:00+00:00")
        return (start - _EPOCH) // timedelta(milliseconds=1)

    @property
    def end_ms(self) -> int:
        """The first millisecond after the hour."""
        return self.start_ms + HOUR_MS

    @property
    def path(self) -> str:
        """The hive-style folder of the hour, without a slash at its end."""
        return f"dt={self.dt}/hour={self.hour}"


UNKNOWN_HOUR = Hour("1970-01-01", "00")
"""Where records with an impossible timestamp go; it never moves a watermark."""


def hour_of(timestamp_ms: int) -> Hour:
    """The hour of a record timestamp. Total: outside 2000 to 2099 it is UNKNOWN_HOUR."""
    if not _FIRST_MS <= timestamp_ms < _END_MS:
        return UNKNOWN_HOUR
    moment = _EPOCH + timedelta(milliseconds=timestamp_ms)
    return Hour(moment.strftime("%Y-%m-%d"), moment.strftime("%H"))


@lru_cache(maxsize=4096)
def parse_hour(path: str) -> Hour | None:
    """The hour named by `dt=…/hour=…`, or None where the text is no such path."""
    dt_part, _, hour_part = path.partition("/")
    try:
        hour = Hour(dt_part.removeprefix("dt="), hour_part.removeprefix("hour="))
        canonical = hour_of(hour.start_ms)
    except ValueError:
        return None
    return hour if canonical == hour and hour.path == path else None
