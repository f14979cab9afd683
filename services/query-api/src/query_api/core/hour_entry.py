"""A ledger entry as it is told to clients: what an hour was made from, and what was counted."""

from dataclasses import asdict
from typing import Any

from coinlake.contracts.ledger import LedgerEntry
from coinlake.contracts.tables import quarantine_name
from query_api.core.window import rfc3339, time_or_null

_INPUTS_SHOWN = 100


def told_entry(entry: LedgerEntry, table: str) -> dict[str, Any]:
    """The entry of an hour for one of its tables; of many raw objects the first hundred are named."""
    names = (table, quarantine_name(table))
    return {
        "table": table,
        "feed": entry.feed,
        "hour": f"{entry.dt}T{entry.hour}",
        "version": entry.version,
        "complete": entry.complete,
        "closed_by": entry.closed_by,
        "committed_at": rfc3339(entry.committed_at_ms),
        "watermark": time_or_null(entry.watermark_ms),
        "first_received": time_or_null(entry.min_received_ms),
        "last_received": time_or_null(entry.max_received_ms),
        "run": {
            "run_id": entry.run_id,
            "batch_id": entry.batch_id,
            "attempt": entry.attempt,
            "billed_seconds": entry.billed_seconds,
            "job_version": entry.job_version,
        },
        "counts": asdict(entry.counts),
        "raw_objects": len(entry.inputs) + len(entry.valueless),
        "inputs": [{"key": one.key, "etag": one.etag} for one in entry.inputs[:_INPUTS_SHOWN]],
        "outputs": [
            {"table": one.table, "rows": one.rows, "bytes": one.size, "etag": one.etag}
            for one in entry.outputs
            if one.table in names
        ],
        "rules": [
            {
                "rule": one.rule,
                "dimension": one.dimension,
                "hard": one.hard,
                "evaluated": one.evaluated,
                "failed": one.failed,
            }
            for one in entry.quality
            if one.table == table
        ],
    }
