"""The hours of a table as a calendar: each with its state, from the heads of the ledger."""

from typing import Any

from coinlake.contracts.datasets import dataset_of_table
from coinlake.contracts.hours import HOUR_MS, UNKNOWN_HOUR, Hour, hour_of
from coinlake.contracts.tables import quarantine_name
from query_api.core.coverage import Heads, PublishedHour
from query_api.core.pipeline import TABLES_LATE_MS
from query_api.core.window import TimeWindow, rfc3339

COMPLETE, REBUILT, QUARANTINED, LATE, OPEN, MISSING = (
    "complete",
    "rebuilt",
    "quarantined",
    "late",
    "open",
    "missing",
)
HOUR_STATES = (COMPLETE, REBUILT, QUARANTINED, LATE, OPEN, MISSING)
# What is committed so long after its hour, and is not its first version, was built again.
_REBUILT_AFTER_MS = 3 * HOUR_MS


def calendar(heads: Heads, table: str, window: TimeWindow, now_ms: int) -> list[dict[str, Any]]:
    """A line for each hour of the window in which the table was, or should have been, published.

    Before the first published hour nothing is missing; nothing is due in the hour that runs. Raises
    KeyError for a table that is not in the contract.
    """
    feed = dataset_of_table(table).name
    own = {hour: head for (name, hour), head in heads.items() if name == feed}
    own.pop(UNKNOWN_HOUR, None)
    if not own:
        return []
    at_ms = max(window.from_ms // HOUR_MS * HOUR_MS, min(own).start_ms)
    end_ms = min(window.to_ms, max(now_ms, max(own).end_ms))
    lines = []
    while at_ms < end_ms:
        hour = hour_of(at_ms)
        lines.append(_line(hour, own.get(hour), table, now_ms))
        at_ms += HOUR_MS
    return lines


def _line(hour: Hour, head: PublishedHour | None, table: str, now_ms: int) -> dict[str, Any]:
    if head is None:
        state = OPEN if hour.end_ms + TABLES_LATE_MS > now_ms else MISSING
        return {"hour": rfc3339(hour.start_ms), "state": state, **dict.fromkeys(_SAID)}
    aside = head.rows.get(quarantine_name(table), 0)
    return {
        "hour": rfc3339(hour.start_ms),
        "state": _state(hour, head, aside, now_ms),
        "version": head.version,
        "rows": head.rows.get(table, 0),
        "quarantined_rows": aside,
        "complete": head.complete,
        "closed_by": head.closed_by,
        "committed_at": rfc3339(head.committed_at_ms),
    }


_SAID = (
    "version",
    "rows",
    "quarantined_rows",
    "complete",
    "closed_by",
    "committed_at",
)


def _state(hour: Hour, head: PublishedHour, aside: int, now_ms: int) -> str:
    if not head.complete:
        # Closed by its age, or not at all although it has ended: more may be on the way.
        return OPEN if hour.end_ms + TABLES_LATE_MS > now_ms else LATE
    if aside:
        return QUARANTINED
    is_later = head.version > 1 and head.committed_at_ms > hour.end_ms + _REBUILT_AFTER_MS
    return REBUILT if is_later else COMPLETE
