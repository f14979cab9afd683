"""Does the result hold? Counted against what the raw objects say of themselves."""

from collections.abc import Mapping, Sequence

from coinlake.contracts.batches import BatchHour, HourResult
from coinlake.contracts.quality import PROMISE_RULE
from coinlake.contracts.raw_meta import RawMeta


def faults(
    hour: BatchHour,
    result: HourResult,
    metas: Mapping[str, RawMeta | None],
    tables: Sequence[str],
) -> list[str]:
    """What is wrong with the result of an hour; empty where it may be published."""
    counts = result.counts
    found = []
    answers = counts.usable + counts.quarantined_records + counts.duplicates
    if counts.records != answers + counts.heartbeats:
        found.append(f"{counts.records} records are {answers} answers and {counts.heartbeats}")
    if counts.elements != counts.rows + counts.quarantined_rows:
        found.append(f"{counts.elements} elements are {counts.rows}+{counts.quarantined_rows}")
    if [file.table for file in result.files] != list(tables):
        found.append(f"files for {[file.table for file in result.files]}, not {list(tables)}")
    promised = promised_records(hour, result, metas)
    if promised is not None and promised != counts.records:
        found.append(f"{counts.records} records read, the objects' metadata says {promised}")
    found += [
        f"{rule.failed} of {rule.evaluated} records are not as their objects' metadata says"
        for rule in result.quality
        if rule.rule == PROMISE_RULE and rule.failed
    ]
    return found


def promised_records(
    hour: BatchHour, result: HourResult, metas: Mapping[str, RawMeta | None]
) -> int | None:
    """The records that the readable objects promise; None where one of them says nothing."""
    unreadable = set(result.unreadable)
    readable = [metas.get(item.key) for item in hour.inputs if item.key not in unreadable]
    if any(meta is None for meta in readable):
        return None
    return sum(meta.records for meta in readable if meta is not None)
