"""Asks Kafka how far it is, and sets the gauges that tell how far raw is behind."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from coinlake import logs
from coinlake.errors import TransientError
from s3_sink.core.lag import Lag, lag_from, lag_of
from s3_sink.core.partition_state import PartitionState, Phase
from s3_sink.core.ports import Kafka, Partition
from s3_sink.metrics import SinkMetrics

log = logs.get(__name__)

_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class _Base:
    """Where a partition that has not begun yet would go on, and the time of what waits there."""

    offset: int
    oldest_ms: int | None


class Lags:
    """The gauges of the partitions that are ours; those of others would be stale."""

    def __init__(self, metrics: SinkMetrics, kafka: Kafka) -> None:
        self._metrics = metrics
        self._kafka = kafka
        self._bases: dict[Partition, _Base] = {}

    async def follow(self, states: Callable[[], Mapping[Partition, PartitionState]]) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look(states)
            await asyncio.sleep(_EVERY_S)

    async def look(self, states: Callable[[], Mapping[Partition, PartitionState]]) -> None:
        """One look. A topic that cannot be asked leaves the lags of the others known."""
        ends: dict[Partition, int] = {}
        for topic in sorted({one.topic for one in states()}):
            mine = [one for one in states() if one.topic == topic]
            try:
                ends |= await self._kafka.ends(mine)
                for partition in mine:
                    await self._look_before_it_begins(partition, states().get(partition))
            except TransientError as error:
                log.warning("lag_unknown", topic=topic, reason=str(error))
        self.tell(states(), ends, time.time_ns() // 1_000_000)

    def tell(
        self,
        states: Mapping[Partition, PartitionState],
        ends: Mapping[Partition, int],
        now_ms: int,
    ) -> None:
        """Set all gauges."""
        metrics = self._metrics
        for gauge in (metrics.log_end, metrics.lag_records, metrics.lag_seconds):
            gauge.clear()
        for partition, state in states.items():
            lag = self._lag(state, ends.get(partition), now_ms)
            labels = (partition.topic, str(partition.number))
            if partition in ends:
                metrics.log_end.labels(*labels).set(ends[partition])
            if lag is not None:
                metrics.lag_records.labels(*labels).set(lag.records)
                metrics.lag_seconds.labels(*labels).set(lag.seconds)
            if state.stored_to_ms is not None:
                # From the bucket, so it is there at once after a restart.
                metrics.stored_timestamp.labels(*labels).set(state.stored_to_ms / 1000)
            if state.watermark.complete_to_ms is not None:
                metrics.watermark.labels(*labels).set(state.watermark.complete_to_ms / 1000)

    def _lag(self, state: PartitionState, end: int | None, now_ms: int) -> Lag | None:
        """None where nobody knows: neither zero nor the last that was known would be true."""
        if end is None:
            return None
        if state.phase is not Phase.STARTING:
            self._bases.pop(state.partition, None)
            return lag_of(state, end, now_ms)
        base = self._bases.get(state.partition)
        return None if base is None else lag_from(base.offset, end, base.oldest_ms, now_ms)

    async def _look_before_it_begins(
        self, partition: Partition, state: PartitionState | None
    ) -> None:
        """It may take as long as the store is away, so what waits meanwhile is told."""
        if state is None or state.phase is not Phase.STARTING or partition in self._bases:
            return
        kept = await self._kafka.range(partition)
        commit = await self._kafka.committed(partition)
        offset = max(kept.start, commit.offset if commit is not None else kept.start)
        topic_id = await self._kafka.topic_id(partition.topic)
        first = await self._kafka.first_from(partition, offset, topic_id)
        self._bases[partition] = _Base(offset, None if first is None else first.timestamp_ms)
