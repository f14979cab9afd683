"""What the sink counts. Label values are the topics that it was told to copy, or closed lists."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from s3_sink.core.part import Reason

_SIZES = tuple(4.0**power * 1024 for power in range(9))  # 1 KiB to 64 MiB


class SinkMetrics:
    """All metrics of the sink; heartbeats are left out of what counts values."""

    def __init__(self, registry: CollectorRegistry) -> None:
        partition = ("topic", "partition")
        self.objects_written = Counter(
            "s3_sink_objects_written_total", "Objects stored.", partition, registry=registry
        )
        self.values_written = Counter(
            "s3_sink_values_written_total", "Values stored.", partition, registry=registry
        )
        self.raw_bytes = Counter(
            "s3_sink_raw_bytes_total", "Bytes of values stored.", partition, registry=registry
        )
        self.object_bytes = Histogram(
            "s3_sink_object_bytes", "Sizes of objects.", buckets=_SIZES, registry=registry
        )
        self.flushes = Counter(
            "s3_sink_flushes_total", "Objects by why they were cut.", ("reason",),
            registry=registry,
        )  # fmt: skip
        self.retries = Counter(
            "s3_sink_retries_total", "Tries that failed and were repeated.", ("kind",),
            registry=registry,
        )  # fmt: skip
        self.refused_creates = Counter(
            "s3_sink_refused_creates_total", "PUTs answered with 412.", registry=registry
        )
        self.adoptions = Counter(
            "s3_sink_adoptions_total", "Objects of others taken over.", registry=registry
        )
        self.commit_failures = Counter(
            "s3_sink_commit_failures_total", "Commits that failed.", registry=registry
        )
        self.commit_seconds = Histogram(
            "s3_sink_commit_seconds", "Time that commits took.", registry=registry
        )
        self.announcements_failed = Counter(
            "s3_sink_announcements_failed_total", "Hints not sent.", registry=registry
        )
        self.unknown_hours = Counter(
            "s3_sink_unknown_hour_records_total", "Records with an impossible timestamp.",
            registry=registry,
        )  # fmt: skip
        self.rebalances = Counter(
            "s3_sink_rebalances_total", "Assignments received.", registry=registry
        )
        self.partitions = Gauge(
            "s3_sink_partitions", "Assigned partitions by state.", ("state",), registry=registry
        )
        self.chain_end = Gauge(
            "s3_sink_chain_end_offset", "Where the chain ends.", partition, registry=registry
        )
        self.log_end = Gauge(
            "s3_sink_log_end_offset", "Where Kafka's log ends.", partition, registry=registry
        )
        self.lag_records = Gauge(
            "s3_sink_lag_records", "Records that Kafka has and raw has not.", partition,
            registry=registry,
        )  # fmt: skip
        self.lag_seconds = Gauge(
            "s3_sink_lag_seconds", "Age of the oldest value that raw has not.", partition,
            registry=registry,
        )  # fmt: skip
        self.stored_timestamp = Gauge(
            "s3_sink_stored_timestamp_seconds", "Newest record timestamp stored.", partition,
            registry=registry,
        )  # fmt: skip
        self.complete_to = Gauge(
            "s3_sink_complete_to_seconds", "How far the stream is complete.", partition,
            registry=registry,
        )  # fmt: skip
        self.held_bytes = Gauge(
            "s3_sink_held_bytes", "Memory held by records and objects.", registry=registry
        )
        self.in_flight_bytes = Gauge(
            "s3_sink_in_flight_bytes", "Compressed bytes on their way.", registry=registry
        )
        self.oldest_open_seconds = Gauge(
            "s3_sink_oldest_open_seconds", "Age of the oldest open value.", registry=registry
        )
        self.is_paused = Gauge(
            "s3_sink_is_paused",
            "1 while the byte budget holds fetching back.",
            registry=registry,
        )
        # At 0 from the start: Prometheus sees no increase in a series that is born at 1.
        for kind in ("conflict", "transient", "vanished"):
            self.retries.labels(kind)
        for reason in Reason:
            self.flushes.labels(reason.value)

    def begin(self, topic: str, partition: int) -> None:
        """A partition is ours: what is counted of it is there from now on."""
        for counted in (self.objects_written, self.values_written, self.raw_bytes):
            counted.labels(topic, str(partition))
