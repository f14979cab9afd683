"""What a run made, hour by hour: tallies and files become the result, after its sums hold."""

from collections.abc import Iterable, Mapping
from typing import Any

from coinlake.contracts.batches import BatchHour, HourResult, StagedFile
from coinlake.contracts.datasets import ELEMENTS
from coinlake.contracts.ledger import Counts
from coinlake.contracts.tables import quarantine_name
from coinlake_job.answers import TOKEN_RULE

Tally = Mapping[str, Any]
"""feed, dt, hour, name, n, min_ms, max_ms"""
Written = Mapping[str, Any]
"""table, dt, hour, key, etag, size, rows"""

_ASIDE = ("quarantined_", "unreadable:")
_ANSWERS = ("usable", "quarantined_records", "duplicates")


class UnbalancedError(Exception):
    """The sums of an hour do not hold: rows were lost or doubled, nothing may be published."""


def hour_result(
    hour: BatchHour,
    tallies: Iterable[Tally],
    files: Iterable[Written],
    main_table: str,
) -> HourResult:
    """The result of one hour. Raises UnbalancedError where a sum does not hold."""
    own = [
        tally
        for tally in tallies
        if (tally["feed"], tally["dt"], tally["hour"]) == (hour.feed, hour.dt, hour.hour)
    ]
    by_name = {str(tally["name"]): int(tally["n"]) for tally in own}
    unknown = _prefixed(by_name, "unknown:")
    notes = {name: n for name, n in by_name.items() if name.startswith(("unfit:", "rule:"))}
    counts = Counts(
        records=by_name.get("records", 0),
        usable=by_name.get("usable", 0),
        quarantined_records=by_name.get("quarantined_records", 0),
        duplicates=by_name.get("duplicates", 0),
        heartbeats=by_name.get("heartbeats", 0),
        elements=by_name.get("elements", 0),
        rows=by_name.get("rows", 0),
        quarantined_rows=by_name.get("quarantined_rows", 0),
        unknown_fields=sum(unknown.values()),
    )
    staged = tuple(
        StagedFile(
            str(f["table"]), str(f["key"]), str(f["etag"]), int(f["size"]), int(f["rows"])
        )
        for f in files
    )
    gone = tuple(sorted(_prefixed(by_name, "unreadable:")))
    _check(hour, counts, staged, len(gone), main_table)
    times = [
        tally for tally in own if tally["name"] in _ANSWERS and tally["min_ms"] is not None
    ]
    return HourResult(
        hour.feed,
        hour.dt,
        hour.hour,
        counts,
        staged,
        gone,
        unknown,
        notes,
        min((int(tally["min_ms"]) for tally in times), default=None),
        max((int(tally["max_ms"]) for tally in times), default=None),
    )


def put_aside(tallies: Iterable[Tally]) -> set[str]:
    """The quarantine tables that will have rows."""
    found = set()
    for tally in tallies:
        name = str(tally["name"])
        if name == f"rule:{TOKEN_RULE}":
            found.add(quarantine_name("asset_tokens"))
        elif name.startswith(_ASIDE):
            found.add(quarantine_name(ELEMENTS[str(tally["feed"])].table))
    return found


def _check(
    hour: BatchHour,
    counts: Counts,
    files: tuple[StagedFile, ...],
    unreadable: int,
    main_table: str,
) -> None:
    rows = {file.table: file.rows for file in files}
    quarantined = counts.quarantined_rows + counts.quarantined_records + unreadable
    answers = counts.usable + counts.quarantined_records + counts.duplicates
    sums = {
        "records = usable + quarantined + duplicates + heartbeats": (
            counts.records,
            answers + counts.heartbeats,
        ),
        "elements = rows + quarantined rows": (
            counts.elements,
            counts.rows + counts.quarantined_rows,
        ),
        f"rows written to {main_table}": (rows.get(main_table), counts.rows),
        f"rows written to {quarantine_name(main_table)}": (
            rows.get(quarantine_name(main_table)),
            quarantined,
        ),
    }
    for said, (left, right) in sums.items():
        if left != right:
            raise UnbalancedError(
                f"{hour.feed} {hour.at.path}: {said} does not hold: {left} and {right}"
            )


def _prefixed(by_name: Mapping[str, int], prefix: str) -> dict[str, int]:
    return {
        name.removeprefix(prefix): n for name, n in by_name.items() if name.startswith(prefix)
    }
