"""What the core reports, as metrics, log lines and reasons for not being ready."""

from coinlake import logs
from coinlake.contracts.hours import UNKNOWN_HOUR
from s3_sink.core.found import Found
from s3_sink.core.part import Part
from s3_sink.core.ports import Partition
from s3_sink.core.start import Start
from s3_sink.metrics import SinkMetrics

log = logs.get(__name__)


class Telemetry:
    """Hears the core and tells people. `totals` counts this process's objects without heartbeats."""

    def __init__(self, metrics: SinkMetrics) -> None:
        self._metrics = metrics
        self.troubles: dict[Partition, str] = {}
        self.unread: dict[Partition, str] = {}
        self.kafka_trouble: str | None = "no partitions assigned yet"
        self._was_assigned = False
        self.totals = {"objects": 0, "values": 0, "raw_bytes": 0}
        self.by_partition: dict[Partition, dict[str, int]] = {}

    def written(self, partition: Partition, part: Part, found: Found) -> None:
        labels = (partition.topic, str(partition.number))
        self._metrics.objects_written.labels(*labels).inc()
        self._metrics.values_written.labels(*labels).inc(part.values)
        self._metrics.raw_bytes.labels(*labels).inc(part.raw_bytes)
        self._metrics.object_bytes.observe(found.size)
        self._metrics.flushes.labels(part.reason.value).inc()
        self._count(partition, part)
        self._moved(partition, found)
        if part.hour == UNKNOWN_HOUR:
            self._metrics.unknown_hours.inc(len(part.records))
            log.error("timestamps_impossible", key=str(found.key), records=len(part.records))
        log.info(
            "object_stored",
            key=str(found.key),
            next_offset=found.meta.next_offset,
            values=part.values,
            raw_bytes=part.raw_bytes,
            size=found.size,
            reason=part.reason.value,
        )

    def adopted(self, partition: Partition, found: Found) -> None:
        self._metrics.adoptions.inc()
        self._moved(partition, found)
        log.warning(
            "object_adopted",
            key=str(found.key),
            next_offset=found.meta.next_offset,
            writer=found.meta.writer,
        )

    def retried(self, partition: Partition, kind: str, reason: str) -> None:
        self._metrics.retries.labels(kind).inc()
        self.troubles[partition] = reason
        log.warning("try_failed", partition=str(partition), kind=kind, reason=reason)

    def met(self, partition: Partition) -> None:
        self._metrics.refused_creates.inc()
        log.info("create_refused", partition=str(partition))

    def started(self, partition: Partition, start: Start) -> None:
        """A partition goes on at a link of its chain."""
        link = start.tip.link
        self.troubles.pop(partition, None)
        self._metrics.begin(partition.topic, partition.number)
        self._metrics.chain_end.labels(partition.topic, str(partition.number)).set(link)
        log.info(
            "partition_started",
            partition=str(partition),
            epoch=start.epoch,
            link=link,
            compared=start.compared,
            topic_id=str(start.topic_id),
        )
        if start.expired:
            log.warning("chain_expired", partition=str(partition), goes_on_at=link)

    def stopped(self, partition: Partition, reason: str) -> None:
        """A promise is broken; this partition holds still until an operator has looked."""
        self.troubles[partition] = reason
        log.error("partition_stopped", partition=str(partition), reason=reason)

    def left(self, partition: Partition) -> None:
        """The partition has gone to another member."""
        self.troubles.pop(partition, None)
        self.unread.pop(partition, None)

    def read(self, partition: Partition, trouble: str | None) -> None:
        """What keeps a partition from being read; None where nothing does."""
        if trouble is None:
            self.unread.pop(partition, None)
        else:
            self.unread[partition] = trouble

    def assigned(self, partitions: int) -> None:
        """The group has given out partitions; none is fine too."""
        self._metrics.rebalances.inc()
        self._was_assigned = True
        self.kafka_trouble = None
        log.info("partitions_assigned", count=partitions)

    def polled(self, trouble: str | None) -> None:
        """A poll went well (None) or failed."""
        if trouble is not None:
            log.warning("poll_failed", reason=trouble)
            self.kafka_trouble = trouble
        elif self._was_assigned:
            self.kafka_trouble = None

    def committed(self, seconds: float) -> None:
        self._metrics.commit_seconds.observe(seconds)

    def commit_failed(self, reason: str) -> None:
        self._metrics.commit_failures.inc()
        log.warning("commit_failed", reason=reason)

    def _count(self, partition: Partition, part: Part) -> None:
        mine = self.by_partition.setdefault(partition, {"objects": 0, "values": 0})
        mine["objects"] += 1
        mine["values"] += part.values
        if part.values:
            self.totals["objects"] += 1
            self.totals["values"] += part.values
            self.totals["raw_bytes"] += part.raw_bytes

    def _moved(self, partition: Partition, found: Found) -> None:
        self.troubles.pop(partition, None)
        labels, meta = (partition.topic, str(partition.number)), found.meta
        self._metrics.chain_end.labels(*labels).set(meta.next_offset)
        if found.stored_to_ms is not None:
            self._metrics.stored_timestamp.labels(*labels).set(found.stored_to_ms / 1000)
        if meta.complete_to_ms is not None:
            self._metrics.watermark.labels(*labels).set(meta.complete_to_ms / 1000)
