"""Metrics of the etl-runner: etl_runner_*."""

from prometheus_client import CollectorRegistry

from coinlake.contracts.datasets import TABLES, TABULAR
from coinlake.metrics import Family

# Every reason that the code gives; a test looks for each.
ALARMS = (
    "column_type_differs",
    "foreign_object",
    "newer_job_version",
    "promise_broken",
    "published_differs",
    "published_gone",
    "staged_gone",
)


class EtlMetrics:
    """Counted per batch, not per row."""

    def __init__(self, registry: CollectorRegistry) -> None:
        family = Family("etl_runner", registry)
        counter, gauge = family.counter, family.gauge

        self.dirty_hours = gauge("dirty_hours", "Hours whose raw objects are not published.")
        self.parked_hours = gauge("parked_hours", "Hours that failed too often and wait.")
        self.oldest_dirty_seconds = gauge(
            "oldest_dirty_seconds", "Age of the oldest hour that is not published."
        )
        self.watermark_seconds = gauge(
            "watermark_timestamp_seconds", "Up to where the stream is complete.", "feed"
        )
        self.published_seconds = gauge(
            "published_timestamp_seconds", "When an hour was last published.", "feed"
        )
        self.runs = counter("runs_total", "Glue runs by how they ended.", "outcome")
        self.hour_failures = counter("hour_failures_total", "Hours whose run failed.")
        self.billed_seconds = counter("billed_seconds_total", "Seconds that Glue bills.")
        self.useful_seconds = counter("useful_seconds_total", "Seconds that runs worked.")
        self.usd = counter("usd_total", "Dollars that runs cost by the price list.")
        self.hours_published = counter("hours_published_total", "Hours committed.", "feed")
        self.rows = counter("rows_published_total", "Rows of committed hours.", "table")
        self.quarantined = counter(
            "quarantined_total", "Rows, records and objects put aside.", "feed"
        )
        self.duplicates = counter("duplicates_total", "Answers that came twice.", "feed")
        self.unknown_fields = counter("unknown_fields_total", "Keys no column knows.", "feed")
        self.unfit_values = counter(
            "unfit_values_total", "Values their type cannot hold.", "feed"
        )
        self.soft_rules = counter("soft_rule_failures_total", "Soft quality rules.", "feed")
        self.publish_conflicts = counter(
            "publish_conflicts_total",
            "Refused conditional PUTs by what they meant.",
            "decision",
        )
        self.alarms = counter("alarms_total", "Things that should never be.", "reason")
        self.crawls = counter("crawls_total", "Crawls by how they ended.", "outcome")
        self.reconcile_seconds = gauge("reconcile_seconds", "How long the last pass took.")
        self.kafka_silent = gauge(
            "kafka_silent_seconds", "For how long brokers have not answered a request."
        )
        self._begin()

    def _begin(self) -> None:
        # At 0 from the start: Prometheus sees no increase in a series that is born at 1.
        for feed in TABULAR:
            for counted in (
                self.hours_published,
                self.quarantined,
                self.duplicates,
                self.unknown_fields,
                self.unfit_values,
                self.soft_rules,
            ):
                counted.labels(feed)
        for table in TABLES:
            self.rows.labels(table)
        for reason in ALARMS:
            self.alarms.labels(reason)
        for outcome in ("succeeded", "failed"):
            self.runs.labels(outcome)
            self.crawls.labels(outcome)
