"""Metrics of the etl-runner: etl_runner_*."""

from prometheus_client import CollectorRegistry

from coinlake.contracts.datasets import TABLES, TABULAR
from coinlake.contracts.quality import RULES_OF
from coinlake.metrics import Family

RULE_LABELS = ("feed", "table", "rule", "hard")
# Every reason that the code gives; a test looks for each.
ALARMS = (
    "batch_unreadable",
    "column_missing",
    "column_type_differs",
    "foreign_object",
    "hour_too_large",
    "ledger_gap",
    "ledger_stray",
    "ledger_unreadable",
    "newer_job_version",
    "object_stray",
    "partition_gone",
    "partition_stray",
    "partitions_unknown",
    "promise_ahead",
    "promise_broken",
    "published_differs",
    "published_gone",
    "raw_stray",
    "raw_vanished",
    "record_unreadable",
    "staged_differs",
    "staged_gone",
    "table_missing",
)


def hardness(is_hard: bool) -> str:
    """The value of the label `hard`."""
    return "true" if is_hard else "false"


class EtlMetrics:
    """Counted per batch, not per row."""

    def __init__(self, registry: CollectorRegistry) -> None:
        family = Family("etl_runner", registry)
        counter, gauge = family.counter, family.gauge

        self.dirty_hours = gauge(
            "dirty_hours", "Hours with raw objects that are not published yet."
        )
        self.parked_hours = gauge(
            "parked_hours", "Hours that failed too often: they are tried again, but seldom."
        )
        self.aside_hours = gauge(
            "aside_hours", "Hours with which nothing may be done, see the alarms' reasons."
        )
        self.oldest_dirty_seconds = gauge(
            "oldest_dirty_seconds", "How long the oldest dirty hour has been dirty."
        )
        self.watermark_seconds = gauge(
            "watermark_timestamp_seconds", "Up to when raw is complete.", "feed"
        )
        self.published_seconds = gauge(
            "published_timestamp_seconds", "When an hour was last published.", "feed"
        )
        self.runs = counter("runs_total", "Glue runs, by outcome.", "outcome")
        self.hour_failures = counter("hour_failures_total", "Hours whose run failed.")
        self.billed_seconds = counter("billed_seconds_total", "Seconds billed by Glue.")
        self.useful_seconds = counter(
            "useful_seconds_total", "Seconds that runs spent working."
        )
        self.usd = counter("usd_total", "Cost of the runs in dollars, at list price.")
        self.hours_published = counter("hours_published_total", "Hours committed.", "feed")
        self.rows = counter("rows_published_total", "Rows of committed hours.", "table")
        self.quarantined = counter(
            "quarantined_total", "Rows, records and objects put aside.", "feed"
        )
        self.duplicates = counter("duplicates_total", "Answers received twice.", "feed")
        self.live_boundary_seconds = gauge(
            "live_boundary_timestamp_seconds",
            "Up to when the live views read the tables; what is newer they read from raw.",
            "feed",
        )
        self.live_failures = counter(
            "live_view_failures_total", "Live views that could not be replaced."
        )
        self.publish_conflicts = counter(
            "publish_conflicts_total",
            "Refused conditional PUTs, by what they meant.",
            "decision",
        )
        self.hints_unreadable = counter(
            "hints_unreadable_total", "Announcements that are none."
        )
        self.alarms = counter("alarms_total", "Broken invariants.", "reason")
        self.crawls = counter("crawls_total", "Crawls, by outcome.", "outcome")
        self.reconcile_seconds = gauge(
            "reconcile_seconds", "Duration of the last reconciliation."
        )
        self.kafka_silent = gauge(
            "kafka_silent_seconds", "How long the brokers have left requests unanswered."
        )
        self._declare_judgements(family)
        self._begin()

    def _declare_judgements(self, family: Family) -> None:
        """What the contract says of answers and rows."""
        counter, gauge = family.counter, family.gauge
        self.unknown_fields = counter(
            "unknown_fields_total", "JSON keys without a column.", "feed"
        )
        self.unknown_names = gauge(
            "unknown_field_names",
            "Different JSON keys without a column in the newest hour published since the start.",
            "feed",
        )
        self.unfit_values = counter(
            "unfit_values_total", "Values that their column's type cannot hold.", "feed"
        )
        self.soft_rules = counter(
            "soft_rule_failures_total", "Soft quality rules that failed.", "feed"
        )
        self.quality_evaluated = counter(
            "quality_evaluated_total", "What quality rules were held against.", *RULE_LABELS
        )
        self.quality_failed = counter(
            "quality_failed_total", "What failed a quality rule.", *RULE_LABELS
        )

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
        for feed, rule in ((feed, rule) for feed, of in RULES_OF.items() for rule in of):
            labels = (feed, rule.table, rule.name, hardness(rule.hard))
            self.quality_evaluated.labels(*labels)
            self.quality_failed.labels(*labels)
        for table in TABLES:
            self.rows.labels(table)
        for reason in ALARMS:
            self.alarms.labels(reason)
        for outcome in ("succeeded", "failed"):
            self.runs.labels(outcome)
            self.crawls.labels(outcome)
