"""What the ledger says is published: heads, how new and how complete, versions, final candles."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import HOUR_MS, UNKNOWN_HOUR, Hour, hour_of
from coinlake.contracts.ledger import LedgerEntry, parse_ledger_key
from coinlake.contracts.tables import quarantine_name
from query_api.core.window import TimeWindow, time_or_null


@dataclass(frozen=True, slots=True)
class PublishedHour:
    """The part of a ledger entry that answers need. Times in ms since the epoch."""

    version: int
    rows: Mapping[str, int]
    quarantined_rows: int
    max_received_ms: int | None
    complete: bool
    is_closed: bool
    committed_at_ms: int
    watermark_ms: int | None
    closed_by: str = "open"
    run_id: str = ""
    raw_objects: int = 0


Heads = Mapping[tuple[str, Hour], PublishedHour]
"""The newest committed version of each (feed, hour)."""


def head_keys(keys: Iterable[str]) -> dict[tuple[str, Hour], str]:
    """The key of the highest version of each hour; keys that are no ledger's are left out."""
    heads: dict[tuple[str, Hour], tuple[int, str]] = {}
    for key in keys:
        parsed = parse_ledger_key(key)
        if parsed is None or parsed[0] not in TABULAR:
            continue
        feed, hour, version = parsed
        if version > heads.get((feed, hour), (0, ""))[0]:
            heads[feed, hour] = (version, key)
    return {at: key for at, (_, key) in heads.items()}


def published(entry: LedgerEntry) -> PublishedHour:
    """What an entry says about its hour."""
    return PublishedHour(
        version=entry.version,
        rows={output.table: output.rows for output in entry.outputs},
        quarantined_rows=entry.counts.quarantined_rows,
        max_received_ms=entry.max_received_ms,
        complete=entry.complete,
        is_closed=entry.closed_by != "open",
        committed_at_ms=entry.committed_at_ms,
        watermark_ms=entry.watermark_ms,
        closed_by=entry.closed_by,
        run_id=entry.run_id,
        raw_objects=len(entry.inputs) + len(entry.valueless),
    )


def newest_hours(heads: Heads, feed: str, count: int) -> list[Hour]:
    """The newest published hours that hold answers, newest first."""
    hours = (
        hour
        for (name, hour), head in heads.items()
        if name == feed and hour != UNKNOWN_HOUR and head.max_received_ms is not None
    )
    return sorted(hours, reverse=True)[:count]


def is_open(heads: Heads, feed: str, last: Hour) -> bool:
    """Whether a range that ends with this hour may hold rows that are in no table yet."""
    return last > last_closed(heads, feed)


def last_closed(heads: Heads, feed: str) -> Hour:
    """The last hour that is read from the tables; what was received later is in the raw zone."""
    closed = (hour for (name, hour), head in heads.items() if name == feed and head.is_closed)
    return max(closed, default=UNKNOWN_HOUR)


def newest_received_ms(heads: Heads, feed: str) -> int | None:
    """The newest receive time that is published; None while nothing is."""
    times = (
        head.max_received_ms
        for (name, hour), head in heads.items()
        if name == feed and hour != UNKNOWN_HOUR and head.max_received_ms is not None
    )
    return max(times, default=None)


def watermark_ms(heads: Heads, feed: str) -> int | None:
    """Up to where the tables are complete: all that was received before is in them.

    None while nobody has promised so. What comes late all the same does not take it back.
    """
    marks = (head.watermark_ms for (name, _), head in heads.items() if name == feed)
    return max((mark for mark in marks if mark is not None), default=None)


def between(heads: Heads, feed: str, first: Hour, last: Hour) -> dict[tuple[str, Hour], int]:
    """The versions of a feed's hours in a range: an answer over them is good while they stay."""
    return {
        (name, hour): head.version
        for (name, hour), head in heads.items()
        if name == feed and first <= hour <= last
    }


def within(heads: Heads, first: Hour, last: Hour) -> Heads:
    """The heads of a range of hours."""
    return {at: head for at, head in heads.items() if first <= at[1] <= last}


def dataset_version(heads: Heads, feeds: Iterable[str]) -> str:
    """A name for exactly this state of some feeds: it changes when any of these hours is published."""
    wanted = set(feeds)
    state = sorted(
        f"{feed}/{hour.path}/{head.version}"
        for (feed, hour), head in heads.items()
        if feed in wanted
    )
    return hashlib.sha256("\n".join(state).encode()).hexdigest()[:16]


def live_version(published: str, landed: str | None) -> str:
    """The same with what lies in the raw zone behind it; None where that has no name."""
    return hashlib.sha256(f"{published}.{landed}".encode()).hexdigest()[:16]


def is_final(heads: Heads, feed: str, window: TimeWindow, skew_ms: int) -> bool:
    """Whether no row of this window can still come: all its receive hours are complete."""
    last_ms = hour_of(window.to_ms - 1 + skew_ms).start_ms
    at_ms = hour_of(window.from_ms - skew_ms).start_ms
    while at_ms <= last_ms:
        head = heads.get((feed, hour_of(at_ms)))
        if head is None or not head.complete:
            return False
        at_ms += HOUR_MS
    return True


def coverage_rows(heads: Heads) -> list[dict[str, object]]:
    """Per contract table what is published, in the order of the feeds."""
    return [
        _coverage(heads, feed.name, table) for feed in TABULAR.values() for table in feed.tables
    ]


def _coverage(heads: Heads, feed: str, table: str) -> dict[str, object]:
    of_feed = {hour: head for (name, hour), head in heads.items() if name == feed}
    hours = sorted(hour for hour in of_feed if hour != UNKNOWN_HOUR)
    return {
        "table": table,
        "feed": feed,
        "hours_published": len(hours),
        "hours_complete": sum(of_feed[hour].complete for hour in hours),
        "first_hour": hour_name(hours[0]) if hours else None,
        "last_hour": hour_name(hours[-1]) if hours else None,
        "newest_received": time_or_null(newest_received_ms(heads, feed)),
        "watermark": time_or_null(watermark_ms(heads, feed)),
        "rows": sum(head.rows.get(table, 0) for head in of_feed.values()),
        "quarantined_rows": sum(
            head.rows.get(quarantine_name(table), 0) for head in of_feed.values()
        ),
    }


def hour_name(hour: Hour) -> str:
    """An hour as answers name it: 2026-11-22T09."""
    return f"{hour.dt}T{hour.hour}"
