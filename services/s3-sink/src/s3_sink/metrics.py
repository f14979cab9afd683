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
            "flushes_total", "Objects, by the reason they were cut.", "reason"
        )
        self.retries = family.counter(
            "retries_total", "Attempts that failed and were retried.", "kind"
        )
        self.refused_creates = family.counter(
            "refused_creates_total", "PUTs answered with 412."
        )
        self.adoptions = family.counter(
            "adoptions_total", "Objects of other sinks that were taken over."
        )
        self.commit_failures = family.counter(
            "commit_failures_total", "Offset commits that failed."
        )
        self.commit_seconds = family.histogram(
            "commit_seconds", "Time taken by offset commits."
        )
        self.announcements_failed = family.counter(
            "announcements_failed_total", "Announcements that could not be sent."
        )
        self.unknown_hours = family.counter(
            "unknown_hour_records_total", "Records with an impossible timestamp."
        )
        self.rebalances = family.counter("rebalances_total", "Partition assignments received.")
        self.partitions = family.gauge("partitions", "Assigned partitions, by state.", "state")
        self.topic_up = family.gauge(
            "topic_up", "1 while a configured topic exists and is read completely.", "topic"
        )
        self.chain_end = family.gauge("chain_end_offset", "Where the chain ends.", *partition)
        self.log_end = family.gauge("log_end_offset", "Where Kafka's log ends.", *partition)
        self.lag_records = family.gauge(
            "lag_records", "Records that are in Kafka but not in raw yet.", *partition
        )
        self.lag_seconds = family.gauge(
            "lag_seconds", "Age of the oldest value that is not in raw yet.", *partition
        )
        self.stored_timestamp = family.gauge(
            "stored_timestamp_seconds", "Newest record timestamp stored.", *partition
        )
        self.watermark = family.gauge(
            "watermark_timestamp_seconds", "Up to when raw is complete.", *partition
        )
        self.held_bytes = family.gauge("held_bytes", "Memory held by records and objects.")
        self.in_flight_bytes = family.gauge(
            "in_flight_bytes", "Compressed bytes in flight to S3."
        )
        self.oldest_open_seconds = family.gauge(
            "oldest_open_seconds", "Age of the oldest value in an open part."
        )
        self.is_paused = family.gauge("is_paused", "1 while the memory budget pauses fetching.")
        self.kafka_silent = family.gauge(
            "kafka_silent_seconds", "How long the brokers have left requests unanswered."
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
