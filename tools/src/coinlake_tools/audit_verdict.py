"""What an audit says: per chain, and in all. What was looked at now is told from what is remembered."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from coinlake.contracts.hours import UNKNOWN_HOUR
from coinlake_tools.audit_memory import ChainMemory, Counted, DayLook
from coinlake_tools.chain_audit import Audited, Chain, Finding, Kind, Tile
from coinlake_tools.lake_log import Kept


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the audit found. `topics` is per topic, epoch and partition, in JSON's types.

    `oldest_proof_ms` is when that was looked at which was not for the longest time.
    """

    deep: bool
    topics: Mapping[str, Any]
    findings: tuple[Finding, ...]
    full: bool = True
    oldest_proof_ms: int | None = None
    ignored: Mapping[str, str] | None = None

    @property
    def is_proven(self) -> bool:
        return not self.findings

    def body(self) -> dict[str, Any]:
        """The machine-readable verdict."""
        first = next((one for one in self.findings if one.offset is not None), None)
        return {
            "verdict": "proven" if self.is_proven else "differs",
            "deep": self.deep,
            "full": self.full,
            "oldest_proof_ms": self.oldest_proof_ms,
            "memory_ignored": dict(self.ignored or {}),
            "first_difference": None if first is None else asdict(first),
            "findings": [asdict(one) for one in self.findings],
            "topics": self.topics,
        }


def counted(
    before: Counted, tiles: Sequence[Tile], unconfirmed: int, expired_to: int | None
) -> Counted:
    """What a prefix and the objects behind it add up to."""
    times = [
        tile.meta.max_timestamp_ms
        for tile in tiles
        if tile.meta.values and tile.key.hour != UNKNOWN_HOUR
    ]
    given_up = [
        {"from": tile.key.link, "to": tile.meta.next_offset, "reason": tile.abandoned}
        for tile in tiles
        if tile.abandoned is not None
    ]
    return Counted(
        objects=before.objects + len(tiles),
        records=before.records + sum(tile.meta.records for tile in tiles),
        values=before.values + sum(tile.meta.values for tile in tiles),
        unconfirmed_holes=before.unconfirmed_holes + unconfirmed,
        stored_to_ms=max(
            (ms for ms in (before.stored_to_ms, *times) if ms is not None), default=None
        ),
        expired_to=expired_to,
        given_up=(*before.given_up, *given_up),
    )


def told(
    result: Audited,
    log: Kept | None,
    findings: Sequence[Finding],
    compared: int,
    sums: Counted,
) -> dict[str, Any]:
    """What the verdict says of a chain, but for what is remembered of it."""
    offsets = [one.offset for one in findings if one.offset is not None]
    return {
        "origin": result.origin,
        "end": result.end,
        "log_start": None if log is None else log.start,
        "log_end": None if log is None else log.end,
        **{**asdict(sums), "given_up": list(sums.given_up)},
        "compared_with_kafka": compared,
        "first_difference": min(offsets, default=None),
    }


def remembered(before: ChainMemory | None, after: ChainMemory, again: int) -> dict[str, Any]:
    """What of a chain was not looked at now (null where all of it was), and its oldest proof."""
    memory = None
    if before is not None:
        memory = {
            "end": before.end,
            "objects": before.counted.objects,
            "days": len(after.days),
            "days_looked_at_now": again,
        }
    return {"remembered": memory, "oldest_proof_ms": after.oldest_proof_ms}


def expired_to(memory: ChainMemory, differing: Mapping[str, DayLook]) -> int:
    """Where what is left of a chain begins, if what is missing was taken by a rule."""
    begin = memory.origin if memory.counted.expired_to is None else memory.counted.expired_to
    for start, stop in sorted(span for look in differing.values() for span in look.missing):
        if start > begin:
            break
        begin = max(begin, stop)
    return begin


def day_findings(chain: Chain, differing: Mapping[str, DayLook], begin: int) -> list[Finding]:
    """What is wrong with the days that were proven before; nothing before `begin` counts."""
    found = [one for look in differing.values() for one in look.findings]
    for day, look in differing.items():
        for start, stop in look.missing:
            if stop > begin:
                said = f"[{start}, {stop}) is not in any object any more: it was in {day}"
                found.append(chain.finding(Kind.MISSING, said, start))
    return found


def no_chain(topic: str, number: int, log: Kept) -> Finding:
    """Kafka has records, and nobody ever began a chain of them."""
    said = f"[{log.start}, {log.end}) is in Kafka, but no chain was ever started"
    return Finding(Kind.EPOCH, topic, said, None, number, log.start)


def sentence(chains: Mapping[str, Any], findings: Sequence[Finding]) -> str:
    """A line for people about a topic."""
    objects = sum(one["objects"] for one in chains.values())
    records = sum(one["records"] for one in chains.values())
    kept = [one["remembered"] for one in chains.values() if one["remembered"] is not None]
    state = "proven" if not findings else f"{len(findings)} findings"
    line = f"{state}; {objects} objects, {records} records, {len(chains)} chains"
    if not kept:
        return line
    by_memory = sum(one["objects"] for one in kept)
    again = sum(one["days_looked_at_now"] for one in kept)
    return f"{line}; {by_memory} objects as remembered, {again} days of them looked at again"
