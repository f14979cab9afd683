"""What the runner has done since it started: counted once, told by metrics and by /status."""

from coinlake.contracts.batches import HourResult
from coinlake.contracts.ledger import LedgerEntry
from etl_runner.core.runs import GlueRun, usd
from etl_runner.loop.unknown_fields import UnknownFields
from etl_runner.metrics import EtlMetrics, hardness


class Totals:
    """Counts runs, dollars and rows."""

    def __init__(self, metrics: EtlMetrics, dpu: float, dpu_hour_usd: float) -> None:
        self._metrics = metrics
        self._unknown = UnknownFields(metrics)
        self._dpu = dpu
        self._dpu_hour_usd = dpu_hour_usd
        self.runs = 0
        self.billed_seconds = 0
        self.usd = 0.0
        self.failures = 0

    def ended(self, run: GlueRun) -> None:
        """A run that this runner waited for has ended."""
        price = usd(run.billed_s, self._dpu, self._dpu_hour_usd)
        self.runs += 1
        self.billed_seconds += run.billed_s
        self.usd += price
        self._metrics.runs.labels(outcome=run.outcome).inc()
        self._metrics.billed_seconds.inc(run.billed_s)
        self._metrics.useful_seconds.inc(run.execution_s)
        self._metrics.usd.inc(price)

    def failed(self) -> None:
        """An hour failed."""
        self.failures += 1
        self._metrics.hour_failures.inc()

    def published(self, entry: LedgerEntry, result: HourResult) -> None:
        """An hour was committed by this runner."""
        metrics, feed = self._metrics, entry.feed
        metrics.hours_published.labels(feed=feed).inc()
        metrics.published_seconds.labels(feed=feed).set(entry.committed_at_ms / 1000)
        for output in entry.outputs:
            metrics.rows.labels(table=output.table).inc(output.rows)
        counts = entry.counts
        put_aside = counts.quarantined_rows + counts.quarantined_records
        metrics.quarantined.labels(feed=feed).inc(put_aside + len(result.unreadable))
        metrics.duplicates.labels(feed=feed).inc(counts.duplicates)
        metrics.unknown_fields.labels(feed=feed).inc(counts.unknown_fields)
        metrics.unfit_values.labels(feed=feed).inc(_noted(result, "unfit:"))
        metrics.soft_rules.labels(feed=feed).inc(_noted(result, "rule:"))
        for rule in entry.quality:
            labels = (feed, rule.table, rule.rule, hardness(rule.hard))
            metrics.quality_evaluated.labels(*labels).inc(rule.evaluated)
            metrics.quality_failed.labels(*labels).inc(rule.failed)
        self._unknown.published(entry)


def _noted(result: HourResult, prefix: str) -> int:
    return sum(n for name, n in result.notes.items() if name.startswith(prefix))
