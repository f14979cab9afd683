"""What the sink counts. Label values are the topics that it was told to copy, or closed lists."""

from prometheus_client import CollectorRegistry

from coinlake.errors import Trouble
from coinlake.metrics import Family
from s3_sink.core.part import SealReason

_SIZES = tuple(4.0**power * 1024 for power in range(9))  # 1 KiB to 64 MiB


class SinkMetrics:
    """All metrics of the sink; heartbeats are left out of what counts values."""

    def __init__(self, registry: CollectorRegistry) -> None:
        family = Family("s3_sink", registry)
        partition = ("topic", "partition")
        self.objects_written = family.counter(
            "objects_written_total", "Objects stored.", *partition
        )
        self.values_written = family.counter(
            "values_written_total", "Values stored.", *partition
        )
        self.raw_bytes = family.counter(
            "raw_bytes_total", "Bytes of values stored.", *partition
        )
        self.object_bytes = family.histogram(
            "object_bytes", "Sizes of objects.", buckets=_SIZES
        )
        self.flushes = family.counter(
            "flushes_total", "Objects by why they were cut.", "reason"
        )
        self.retries = family.counter(
            "retries_total", "Tries that failed and were repeated.", "kind"
        )
        self.refused_creates = family.counter(
            "refused_creates_total", "PUTs answered with 412."
        )
        self.adoptions = family.counter("adoptions_total", "Objects of others taken over.")
        self.commit_failures = family.counter("commit_failures_total", "Commits that failed.")
        self.commit_seconds = family.histogram("commit_seconds", "Time that commits took.")
        self.announcements_failed = family.counter(
            "announcements_failed_total", "Hints not sent."
        )
        self.unknown_hours = family.counter(
            "unknown_hour_records_total", "Records with an impossible timestamp."
        )
        self.rebalances = family.counter("rebalances_total", "Assignments received.")
        self.partitions = family.gauge("partitions", "Assigned partitions by state.", "state")
        self.topic_up = family.gauge(
            "topic_up", "1 while a configured topic is there and all of it is read.", "topic"
        )
        self.chain_end = family.gauge("chain_end_offset", "Where the chain ends.", *partition)
        self.log_end = family.gauge("log_end_offset", "Where Kafka's log ends.", *partition)
        self.lag_records = family.gauge(
            "lag_records", "Records that Kafka has and raw has not.", *partition
        )
        self.lag_seconds = family.gauge(
            "lag_seconds", "Age of the oldest value that raw has not.", *partition
        )
        self.stored_timestamp = family.gauge(
            "stored_timestamp_seconds", "Newest record timestamp stored.", *partition
        )
        self.watermark = family.gauge(
            "watermark_timestamp_seconds", "Up to where raw is complete.", *partition
        )
        self.held_bytes = family.gauge("held_bytes", "Memory held by records and objects.")
        self.in_flight_bytes = family.gauge("in_flight_bytes", "Compressed bytes on their way.")
        self.oldest_open_seconds = family.gauge(
            "oldest_open_seconds", "Age of the oldest open value."
        )
        self.is_paused = family.gauge(
            "is_paused", "1 while the byte budget holds fetching back."
        )
        self.kafka_silent = family.gauge(
            "kafka_silent_seconds", "For how long brokers have not answered a request."
        )
        # At 0 from the start: Prometheus sees no increase in a series that is born at 1.
        for kind in (*Trouble, "vanished"):
            self.retries.labels(kind)
        for reason in SealReason:
            self.flushes.labels(reason.value)

    def begin(self, topic: str, partition: int) -> None:
        """A partition is ours: what is counted of it is there from now on."""
        for counted in (self.objects_written, self.values_written, self.raw_bytes):
            counted.labels(topic, str(partition))
