"""What the queries of this process have cost: by day, and the newest of them one by one."""

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from coinlake.contracts.hours import hour_of

_NEWEST = 50
_DAYS = 92


@dataclass(frozen=True, slots=True)
class Spent:
    """A query that has ended. Nothing of its text: prices may be told to whoever may read."""

    at_ms: int
    outcome: str
    scanned_bytes: int
    usd: Decimal


class DayCosts:
    """Counts from the start of the process on; an earlier one's queries are in Athena's own bill."""

    def __init__(self, now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000) -> None:
        self._now_ms = now_ms
        self.since_ms = now_ms()
        self.newest: deque[Spent] = deque(maxlen=_NEWEST)
        self._days: dict[str, tuple[int, Decimal]] = {}

    @property
    def days(self) -> Mapping[str, tuple[int, Decimal]]:
        """Queries and dollars of each day."""
        return self._days

    def add(self, outcome: str, scans: tuple[int, ...], usd: Decimal) -> None:
        """A run that has ended; one that never reached Athena has cost nothing."""
        now_ms = self._now_ms()
        today = hour_of(now_ms).dt
        count, before = self._days.get(today, (0, Decimal(0)))
        self._days[today] = (count + len(scans), before + usd)
        for day in sorted(self._days)[:-_DAYS]:
            del self._days[day]
        self.newest.append(Spent(now_ms, outcome, sum(scans), usd))
