"""What a failed run means for its hours: alone, later, and after N times parked."""

import random
from collections.abc import Callable, Iterable

from coinlake import logs
from coinlake.backoff import Backoff
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.loop.totals import Totals

log = logs.get(__name__)


class Failing:
    """Puts the hours of a failed batch back, each with its own wait."""

    def __init__(
        self,
        hours: Hours,
        backoff: Backoff,
        park_after: int,
        totals: Totals,
        now_ms: Callable[[], int],
        rng: random.Random,
    ) -> None:
        self._hours = hours
        self._backoff = backoff
        self._park_after = park_after
        self._totals = totals
        self._now_ms = now_ms
        self._rng = rng

    def failed(self, hours: Iterable[FeedHour], message: str) -> None:
        """Every hour of a failed batch stays dirty and is tried again, by itself."""
        for hour in hours:
            count = self._hours.get(hour).failure.count
            # Half the jitter at least: an hour that fails at once must not be tried at once.
            delay_s = self._backoff.delay_s(count, self._rng) / 2
            least_s = min(self._backoff.cap_s, self._backoff.base_s * 2.0 ** min(count, 32)) / 2
            until_ms = self._now_ms() + int((least_s + delay_s) * 1000)
            self._hours.failed(hour, message, until_ms, self._park_after)
            tracked = self._hours.get(hour)
            self._totals.failed()
            log.error(
                "hour_parked" if tracked.parked else "hour_failed",
                hour=str(hour),
                failures=tracked.failure.count,
                reason=message,
            )
