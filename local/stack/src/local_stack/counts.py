"""The count at each stage of each feed, put together from what each stage holds. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from types import MappingProxyType

from coinlake.contracts.datasets import TABULAR, dataset_of_topic
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry
from coinlake.contracts.raw_meta import RawMeta
from coinlake.contracts.tables import is_quarantine


@dataclass(frozen=True, slots=True)
class PartitionCount:
    """One partition: its answers, the polls they are of, and where the last answer ends.

    `values` are records that are no heartbeats, `bytes` their values' sizes, `poll_ids` the
    different polls among them, `next_value` the offset after the last of them (0: none).
    """

    topic: str
    partition: int
    values: int
    bytes: int
    poll_ids: int
    heartbeats: int
    next_value: int


@dataclass(frozen=True, slots=True)
class RawObject:
    """One raw object: where it is, its ETag, its size in bytes, what it says of itself."""

    key: str
    topic: str
    partition: int
    etag: str
    size: int
    meta: RawMeta


@dataclass(frozen=True, slots=True)
class StageCounts:
    """One feed on its way. `raw_*` leave objects out that hold heartbeats only; bytes in S3.

    `history` are answers that nobody polled: of the hours before (`local_stack.history`).
    """

    polls: int = 0
    history: int = 0
    kafka_records: int = 0
    raw_objects: int = 0
    raw_bytes: int = 0
    curated_rows: int = 0
    quarantined_rows: int = 0

    def __add__(self, other: "StageCounts") -> "StageCounts":
        mine, theirs = asdict(self), asdict(other)
        return StageCounts(**{name: mine[name] + theirs[name] for name in mine})


def by_feed(
    polls: Mapping[str, int],
    kafka: Iterable[PartitionCount],
    raw: Iterable[RawObject],
    heads: Mapping[tuple[str, Hour], LedgerEntry],
    history: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, StageCounts]:
    """The counts of each dataset that tables are made of.

    `polls` are answers received, usable or not, by feed: those that were rejected are counted
    with their feed, and from Kafka on under `rejected`.
    """
    counts = dict.fromkeys(TABULAR, StageCounts())
    for feed, number in polls.items():
        counts[feed] += StageCounts(polls=number)
    for feed, number in history.items():
        counts[feed] += StageCounts(history=number)
    for partition in kafka:
        if row := _row(partition.topic):
            counts[row] += StageCounts(kafka_records=partition.values)
    for each in raw:
        row = _row(each.topic)
        if row and each.meta.values:
            counts[row] += StageCounts(raw_objects=1, raw_bytes=each.size)
    for (feed, _), entry in heads.items():
        counts[feed] += _curated(entry)
    return counts


def total(counts: Mapping[str, StageCounts]) -> StageCounts:
    """All feeds together."""
    return sum(counts.values(), StageCounts())


def unread(kafka: Iterable[PartitionCount], raw: Iterable[RawObject]) -> int:
    """How many partitions hold an answer that no raw object covers yet."""
    covered: dict[tuple[str, int], int] = {}
    for each in raw:
        place = each.topic, each.partition
        covered[place] = max(covered.get(place, 0), each.meta.next_offset)
    return sum(
        partition.next_value > covered.get((partition.topic, partition.partition), 0)
        for partition in kafka
    )


def unpublished(raw: Iterable[RawObject], heads: Mapping[tuple[str, Hour], LedgerEntry]) -> int:
    """How many raw objects with values are in no committed version of their hour."""
    published = {(used.key, used.etag) for entry in heads.values() for used in entry.inputs}
    return sum(
        dataset_of_topic(each.topic) is not None
        and each.meta.values > 0
        and (each.key, each.etag) not in published
        for each in raw
    )


def _row(topic: str) -> str | None:
    feed = dataset_of_topic(topic)
    return feed.name if feed else None


def _curated(entry: LedgerEntry) -> StageCounts:
    quarantined = sum(out.rows for out in entry.outputs if is_quarantine(out.table))
    rows = sum(out.rows for out in entry.outputs) - quarantined
    return StageCounts(curated_rows=rows, quarantined_rows=quarantined)
