"""The ingestor's metrics. Counters start at 0 with the process; /status counts for ever."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from coinlake.contracts.answers import Judgement, Oddity, RejectReason
from coinlake.contracts.missed_ticks import Cause
from coinlake.contracts.topics import GAPS, REJECTED
from coinlake.metrics import Family
from ingestor.core.feeds import FEEDS
from ingestor.core.recovery import Hole
from ingestor.core.timeline import Event

# The kinds of the client's failures; a test compares.
FAILURES = (
    "connection",
    "incomplete_body",
    "key_echoed",
    "timeout",
    "too_large",
    "unreachable",
)


class IngestorMetrics:
    """Every metric of the service; `feed`, `reason`, `oddity`, `kind`, `cause`, `topic` are closed lists."""

    def __init__(self, registry: CollectorRegistry) -> None:
        family = Family("ingestor", registry)
        counter, gauge = family.counter, family.gauge

        self.answers = counter("answers_total", "Answers journaled.", "feed")
        self.rejects = counter(
            "rejected_answers_total", "Answers that could not be used.", "feed", "reason"
        )
        self.degraded = counter(
            "degraded_answers_total",
            "Usable answers with something odd in them, by what it was.",
            "feed",
            "oddity",
        )
        self.failures = counter(
            "failed_attempts_total", "Requests that got no complete body.", "feed", "kind"
        )
        self.missed = counter(
            "missed_ticks_total", "Ticks that were not polled.", "feed", "cause"
        )
        self.request_seconds = family.histogram(
            "request_seconds",
            "Time from the request to the complete body.",
            "feed",
            buckets=(0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6),
        )
        self.sent = counter("records_sent_total", "Records acknowledged by Kafka.", "topic")
        self.send_failures = counter(
            "send_failures_total", "Sends that failed and are retried."
        )
        self.unsendable = counter(
            "unsendable_records_total", "Records that Kafka refused permanently; kept on disk."
        )
        self.heartbeats = counter("heartbeats_sent_total", "Heartbeats sent.", "topic")
        self.watermark = gauge(
            "watermark_timestamp_seconds",
            "Up to where a topic is complete: its last watermark.",
            "topic",
        )
        self.last_published = gauge(
            "last_published_timestamp_seconds",
            "Receive time of the newest answer that is in Kafka.",
            "feed",
        )
        self.interval = gauge(
            "interval_seconds",
            "Interval between polls, as stretched by the credit plan.",
            "page",
        )
        self.torn_bytes = counter(
            "journal_torn_bytes_total", "Bytes cut off the journal at the start."
        )
        self.lost = counter(
            "journal_lost_records_total",
            "Journaled records whose file is damaged or missing: they will not reach Kafka.",
            "topic",
        )
        self.aside = gauge("journal_aside_files", "Files of the journal that were put aside.")
        self.journal_up = gauge("journal_up", "1 while the disk accepts journal writes.")
        self.kafka_up = gauge("kafka_up", "1 while Kafka accepts the records of every topic.")
        self.topic_up = gauge("topic_up", "1 while Kafka accepts the topic's records.", "topic")
        self.pending_records = gauge(
            "journal_pending_records", "Journaled records that are not in Kafka yet."
        )
        self.pending_bytes = gauge(
            "journal_pending_bytes", "Bytes on disk of the records that are not in Kafka yet."
        )
        self.room_bytes = gauge(
            "journal_room_bytes", "Bytes left in the journal before polling has to stop."
        )
        self._of_source(family)
        self._of_clock(family)
        self._begin()

    def _of_source(self, family: Family) -> None:
        gauge = family.gauge
        self.key_refused = gauge("key_refused", "1 while the API refuses our key.")
        self.page_refused = gauge(
            "page_refused",
            "1 while the API refuses a page, confirmed by a second request.",
            "page",
        )
        self.rate_limited = gauge(
            "rate_limited", "1 while all pages pause because the API answered 429 twice."
        )
        self.credits_spent = gauge("credits_spent_credits", "Credits spent this month.")
        self.credits_total = gauge("credits_total_credits", "Credits spent in total.")
        self.credits_left = gauge("credits_left_credits", "Credits that may be spent now.")
        self.stretch = gauge(
            "stretch_ratio", "How much the credit plan stretches the intervals."
        )

    def _of_clock(self, family: Family) -> None:
        counter, gauge = family.counter, family.gauge
        self.clock_behind = gauge(
            "clock_behind_seconds", "How far the time is behind the newest watermark."
        )
        self.clock_off = gauge(
            "clock_off_seconds",
            "How far the machine's clock is ahead of the time that the ingestor uses.",
        )
        self.clock_refused = gauge(
            "clock_refused", "1 while Kafka reports that our clock is ahead of its own."
        )
        self.clock_events = counter(
            "clock_events_total", "Clock jumps, by what became of them.", "event"
        )
        self.restamped = counter(
            "restamped_records_total",
            "Records stamped by a clock that was ahead, restamped with the present time.",
        )

    def _begin(self) -> None:
        # At 0 from the start: Prometheus sees no increase in a series that is born at 1.
        for topic in (*(feed.topic for feed in FEEDS.values()), REJECTED, GAPS):
            self.lost.labels(topic)
        for event in Event:
            self.clock_events.labels(str(event))
        for feed in FEEDS:
            self.answers.labels(feed)
            for reason in RejectReason:
                self.rejects.labels(feed, str(reason))
            for oddity in Oddity:
                self.degraded.labels(feed, str(oddity))
            for kind in FAILURES:
                self.failures.labels(feed, kind)
            for cause in Cause:
                self.missed.labels(feed, str(cause))

    def answered(self, feed: str, judgement: Judgement, took_ms: int) -> None:
        """An answer is in the journal."""
        self.answers.labels(feed).inc()
        self.request_seconds.labels(feed).observe(max(0, took_ms) / 1_000)
        if judgement.reason is not None:
            self.rejects.labels(feed, str(judgement.reason)).inc()
        for oddity in judgement.oddities:
            self.degraded.labels(feed, str(oddity)).inc()

    def failed(self, feed: str, kind: str) -> None:
        """An attempt brought no complete body."""
        self.failures.labels(feed, kind).inc()

    def ticks_missed(self, feed: str, cause: Cause, count: int) -> None:
        """Ticks that were not polled."""
        self.missed.labels(feed, str(cause)).inc(count)

    def recovered(self, torn_bytes: int, holes: Sequence[Hole]) -> None:
        """What opening the journal had to cut off, and did not find."""
        self.torn_bytes.inc(torn_bytes)
        for hole in holes:
            self.lost.labels(hole.topic).inc()
