"""Hints that an object has landed: they save waiting for the next listing."""

import asyncio
from collections.abc import Callable

from coinlake import logs
from coinlake.contracts.announcements import Landed
from coinlake.contracts.batches import BatchInput
from coinlake.contracts.datasets import dataset_of_topic
from coinlake.contracts.hours import UNKNOWN_HOUR, Hour
from coinlake.contracts.raw_layout import parse_raw_key
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.trail import Mark
from etl_runner.metrics import EtlMetrics

log = logs.get(__name__)


class Hints:
    """Turns announcements into dirty hours."""

    def unreadable(self, offset: int, reason: str) -> None:
        """What was announced there is no announcement; the next listing finds what it meant."""
        self._metrics.hints_unreadable.inc()
        log.warning("hint_unreadable", offset=offset, reason=reason)

    def __init__(
        self,
        hours: Hours,
        wake: asyncio.Event,
        now_ms: Callable[[], int],
        metrics: EtlMetrics,
    ) -> None:
        self._hours = hours
        self._metrics = metrics
        self._wake = wake
        self._now_ms = now_ms

    def heard(self, landed: Landed) -> None:
        """An object has landed; those of other topics and of heartbeats alone make nothing dirty."""
        feed, key = dataset_of_topic(landed.topic), parse_raw_key(landed.key)
        if feed is None or key is None:
            return
        mark = Mark(landed.epoch, landed.next_offset, landed.complete_to_ms)
        self._hours.trail.heard(landed.topic, landed.partition, landed.link, mark)
        hour = Hour(landed.dt, landed.hour)
        if hour != UNKNOWN_HOUR and not self._hours.promises.promised(
            landed.topic, landed.partition, landed.complete_to_ms, self._now_ms()
        ):
            self._metrics.alarms.labels(reason="promise_ahead").inc()
            log.error("promise_ahead", key=key, complete_to_ms=landed.complete_to_ms)
        if landed.values > 0:
            item = BatchInput(landed.key, landed.etag, landed.size)
            self._hours.landed(FeedHour(feed.name, hour), item, self._now_ms())
            self._wake.set()
