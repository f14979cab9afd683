"""What `/status` tells: every known hour, the totals, the watermarks."""

from collections import Counter
from typing import Any

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.tables import is_quarantine, main_name
from etl_runner.core.hours import Hours, Tracked
from etl_runner.core.runs import GlueRun


def hours_status(hours: Hours) -> dict[str, Any]:
    """Each hour of the last days, and each older one with something to do, as `<feed>/<dt>/<hour>`."""
    return {str(hour): _hour(tracked) for hour, tracked in hours.known()}


def totals(hours: Hours) -> dict[str, dict[str, int]]:
    """Rows of these hours per table; quarantined rows under the name of the main table."""
    curated: Counter[str] = Counter()
    quarantined: Counter[str] = Counter()
    for _, tracked in hours.known():
        for output in () if tracked.head is None else tracked.head.outputs:
            main = main_name(output.table)
            (curated if main == output.table else quarantined)[main] += output.rows
    return {"curated_rows": dict(curated), "quarantined_rows": dict(quarantined)}


def watermarks(hours: Hours) -> dict[str, int | None]:
    """Up to where each feed's stream is complete, ms since the epoch, UTC."""
    return {name: hours.watermark_ms(feed.topic) for name, feed in TABULAR.items()}


def run_status(run: GlueRun | None) -> dict[str, Any] | None:
    """The run in flight."""
    if run is None:
        return None
    return {
        "run_id": run.run_id,
        "state": run.state,
        "batch_id": run.batch_id,
        "attempt": run.attempt,
        "execution_s": run.execution_s,
    }


def _hour(tracked: Tracked) -> dict[str, Any]:
    head = tracked.head
    counts = None if head is None else head.counts
    return {
        "state": _state(tracked),
        "version": tracked.version,
        "rows": 0 if counts is None else counts.rows,
        "quarantined": 0
        if head is None
        else sum(o.rows for o in head.outputs if is_quarantine(o.table)),
        "duplicates": 0 if counts is None else counts.duplicates,
        "records": 0 if counts is None else counts.records,
        "complete": head is not None and head.complete,
        "closed_by": "open" if head is None else head.closed_by,
        "failures": tracked.failure.count,
        "message": tracked.aside or tracked.failure.message or tracked.wait.reason,
    }


def _state(tracked: Tracked) -> str:
    if tracked.aside is not None:
        return "aside"
    if tracked.parked:
        return "parked"
    return "dirty" if tracked.dirty else "clean"
