"""What a failure means: for one hour by itself, or for the batch in which one of them fails."""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from coinlake import logs
from coinlake.backoff import Backoff
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.tracked import Failure, Wait, digest_of
from etl_runner.loop.totals import Totals

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """Waits after failures; from `park_after` in a row on an hour is parked, with `parked`.

    `away` is for what an hour needs and cannot reach.
    """

    failed: Backoff
    away: Backoff
    parked: Backoff
    park_after: int


class Failing:
    """Puts the hours of a failed batch back, each with its own wait."""

    def __init__(
        self,
        hours: Hours,
        patience: Patience,
        totals: Totals,
        now_ms: Callable[[], int],
        rng: random.Random,
    ) -> None:
        self._hours = hours
        self._patience = patience
        self._totals = totals
        self._now_ms = now_ms
        self._rng = rng
        self._in_a_row = 0
        self.held_until_ms = 0
        """Until then no batch but those of hours that fail by themselves: the job may be broken."""

    def run_failed(self, hours: Sequence[FeedHour], message: str) -> None:
        """The run of these hours failed: one of them is at fault, or none, where Glue is."""
        is_known = len(hours) == 1 and self._hours.get(hours[0]).failure.count > 0
        one = self._hours.suspects.failed(hours)
        if not is_known:
            self.held_until_ms = self._now_ms() + self._wait_ms(
                self._patience.failed, self._in_a_row
            )
            self._in_a_row += 1
        if one is not None:
            self.hour_failed(one, message)
        else:
            for hour in hours:
                self._totals.failed()
                self._hours.waits(hour, Wait(reason=message))
            names = [str(hour) for hour in hours]
            log.error("batch_failed", hours=names, reason=message, next="a half of them")

    def run_held(self, hours: Iterable[FeedHour]) -> None:
        """A run of these hours gave a result that may be published."""
        self._in_a_row, self.held_until_ms = 0, 0
        done = list(hours)
        one = self._hours.suspects.succeeded(done)
        self._hours.succeeded(done, self._now_ms())
        if one is not None:
            self.hour_failed(one, "the run failed with it, and not without it")

    def hour_failed(self, hour: FeedHour, message: str) -> None:
        """The hour failed by itself."""
        tracked = self._hours.get(hour)
        before, now_ms = tracked.failure, self._now_ms()
        count = before.count + 1
        is_parked = count >= self._patience.park_after
        wait_ms = self._wait_ms(self._patience.failed, before.count)
        failure = Failure(
            version=tracked.version,
            count=count,
            message=message,
            since_ms=before.since_ms if before.count else now_ms,
            not_before_ms=now_ms + (self._parked_ms(count) if is_parked else wait_ms),
            changed_ms=now_ms + wait_ms,
            inputs=digest_of(tracked.inputs.values()),
            is_parked=is_parked,
        )
        self._hours.failed(hour, failure)
        self._totals.failed()
        event = "hour_parked" if is_parked else "hour_failed"
        log.error(event, hour=str(hour), failures=count, reason=message)

    def waits(self, hour: FeedHour, reason: str) -> None:
        """Something that the hour needs is away: no failure of the hour, and no reason to spin."""
        count = self._hours.get(hour).wait.count
        until_ms = self._now_ms() + self._wait_ms(self._patience.away, count)
        self._hours.waits(hour, Wait(count + 1, until_ms, reason))
        log.warning("hour_waits", hour=str(hour), reason=reason)

    def _parked_ms(self, count: int) -> int:
        return self._wait_ms(self._patience.parked, count - self._patience.park_after)

    def _wait_ms(self, backoff: Backoff, count: int) -> int:
        # Half of the wait at least: what fails at once must not be tried at once.
        delay_s = backoff.delay_s(count, self._rng) / 2
        least_s = min(backoff.cap_s, backoff.base_s * 2.0 ** min(count, 32)) / 2
        return int((least_s + delay_s) * 1000)
