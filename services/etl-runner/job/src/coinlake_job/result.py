"""What a run made of an hour: tallies and files become its result, after its sums hold."""

from collections.abc import Mapping, Sequence

from coinlake.contracts.batches import BatchHour, HourResult, StagedFile
from coinlake.contracts.datasets import ELEMENTS, TABULAR
from coinlake.contracts.ledger import Counts
from coinlake.contracts.tables import quarantine_name
from coinlake_kernel.hour import TypedHour
from coinlake_kernel.quality import rule_counts

_NOTES = ("unfit:", "widened:", "rule:", "repeated:")


class UnbalancedError(Exception):
    """The sums of an hour do not hold: rows were lost or doubled, nothing may be published."""


def hour_result(hour: BatchHour, typed: TypedHour, files: Sequence[StagedFile]) -> HourResult:
    """The result of one hour. Raises UnbalancedError where a sum does not hold."""
    tallies = typed.tallies
    unknown = _prefixed(tallies, "unknown:")
    notes = {name: n for name, n in tallies.items() if name.startswith(_NOTES)}
    counts = Counts(
        records=tallies["records"],
        usable=tallies["usable"],
        quarantined_records=tallies["quarantined_records"],
        duplicates=tallies["duplicates"],
        heartbeats=tallies["heartbeats"],
        elements=tallies["elements"],
        rows=tallies["rows"],
        quarantined_rows=tallies["quarantined_rows"],
        unknown_fields=sum(unknown.values()),
    )
    gone = tuple(sorted(_prefixed(tallies, "unreadable:")))
    _check(hour, counts, files, len(gone))
    return HourResult(
        hour.feed,
        hour.dt,
        hour.hour,
        counts,
        tuple(files),
        gone,
        unknown,
        notes,
        typed.min_received_ms,
        typed.max_received_ms,
        typed.unknown_fields,
        TABULAR[hour.feed].version,
        quality=rule_counts(
            hour.feed, len(hour.inputs), tallies, {file.table: file.rows for file in files}
        ),
    )


def _check(
    hour: BatchHour, counts: Counts, files: Sequence[StagedFile], unreadable: int
) -> None:
    main = ELEMENTS[hour.feed].table
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
        f"rows written to {main}": (rows.get(main), counts.rows),
        f"rows written to {quarantine_name(main)}": (
            rows.get(quarantine_name(main)),
            quarantined,
        ),
    }
    for said, (left, right) in sums.items():
        if left != right:
            raise UnbalancedError(
                f"{hour.feed} {hour.at.path}: {said} does not hold: {left} and {right}"
            )


def _prefixed(tallies: Mapping[str, int], prefix: str) -> dict[str, int]:
    return {
        name.removeprefix(prefix): n for name, n in tallies.items() if name.startswith(prefix)
    }
