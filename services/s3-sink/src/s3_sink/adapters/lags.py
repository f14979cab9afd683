"""Asks Kafka how far it is, and sets the gauges that tell how far raw is behind."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from coinlake import logs
from coinlake.errors import TransientError
from s3_sink.core.lag import lag_of
from s3_sink.core.lane import Lane, State
from s3_sink.core.ports import Partition
from s3_sink.metrics import SinkMetrics

log = logs.get(__name__)

_EVERY_S = 5.0


class Ends(Protocol):
    """Where logs end. Raises TransientError."""

    async def ends(self, partitions: Collection[Partition]) -> Mapping[Partition, int]: ...


class Lags:
    """The gauges of the partitions that are ours; those of others would be stale."""

    def __init__(self, metrics: SinkMetrics, log_: Ends) -> None:
        self._metrics = metrics
        self._log = log_

    async def follow(self, lanes: Callable[[], Mapping[Partition, Lane]]) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                ends = await self._log.ends(lanes())
            except TransientError as error:
                log.warning("lag_unknown", reason=str(error))
            else:
                self.tell(lanes(), ends, time.time_ns() // 1_000_000)
            await asyncio.sleep(_EVERY_S)

    def tell(
        self, lanes: Mapping[Partition, Lane], ends: Mapping[Partition, int], now_ms: int
    ) -> None:
        """Set all gauges. While its chain's end is looked for, nothing is known of a partition."""
        metrics = self._metrics
        for gauge in (metrics.log_end, metrics.lag_records, metrics.lag_seconds):
            gauge.clear()
        for partition, lane in lanes.items():
            if partition not in ends or lane.state is State.STARTING:
                continue
            labels = (partition.topic, str(partition.number))
            lag = lag_of(lane, ends[partition], now_ms)
            metrics.log_end.labels(*labels).set(ends[partition])
            metrics.lag_records.labels(*labels).set(lag.records)
            metrics.lag_seconds.labels(*labels).set(lag.seconds)
            if lane.stored_to_ms is not None:
                # From the bucket, so it is there at once after a restart.
                metrics.stored_timestamp.labels(*labels).set(lane.stored_to_ms / 1000)
            if lane.promises.complete_to_ms is not None:
                metrics.complete_to.labels(*labels).set(lane.promises.complete_to_ms / 1000)
