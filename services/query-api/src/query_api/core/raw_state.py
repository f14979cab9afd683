"""What the raw zone says of a feed: its newest objects, and how fast they come."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from coinlake.contracts.hours import Hour
from coinlake.contracts.raw_layout import RawKey, parse_raw_key
from coinlake.contracts.raw_meta import RawMeta
from coinlake.store import Listed


@dataclass(frozen=True, slots=True)
class RawState:
    """Of the newest hour that has objects. Times in ms since the epoch, sizes in bytes.

    `complete_to_ms` is the least promise of the partitions, None where one has not promised.
    """

    objects: int
    size: int
    newest_key: str
    newest_size: int
    stored_ms: int
    newest_answer_ms: int | None
    complete_to_ms: int | None
    next_offsets: Mapping[int, int]
    records_per_minute: float | None

    @property
    def hour(self) -> Hour | None:
        """The hour that the objects are of."""
        key = parse_raw_key(self.newest_key)
        return None if key is None else key.hour


@dataclass(frozen=True, slots=True)
class RawObject:
    """A raw object of a listing, with its key taken apart."""

    key: RawKey
    listed: Listed


def raw_objects(listing: Iterable[Listed]) -> list[RawObject]:
    """The raw objects of a listing, oldest first; what is none of ours is left out."""
    parsed = ((parse_raw_key(item.key), item) for item in listing)
    found = [RawObject(key, item) for key, item in parsed if key is not None]
    return sorted(found, key=lambda one: (one.listed.last_modified_ms, one.key))


def newest_by_partition(objects: Iterable[RawObject]) -> dict[int, RawObject]:
    """The last object of each partition's chain: of the newest epoch, and there of the highest link."""
    newest: dict[int, RawObject] = {}
    for one in objects:
        known = newest.get(one.key.partition)
        if known is None or _place(known) < _place(one):
            newest[one.key.partition] = one
    return newest


def _place(one: RawObject) -> tuple[int, int]:
    return one.key.epoch, one.key.link


def raw_state(objects: list[RawObject], metas: Mapping[str, RawMeta | None]) -> RawState | None:
    """The state of an hour's objects, oldest first; `metas` by key of those that were asked for."""
    if not objects:
        return None
    last = objects[-1].listed
    ends = {
        number: metas.get(one.listed.key)
        for number, one in newest_by_partition(objects).items()
    }
    known = [meta for meta in ends.values() if meta is not None]
    promises = [meta.complete_to_ms for meta in known if meta.complete_to_ms is not None]
    answers = [meta.max_timestamp_ms for meta in metas.values() if meta and meta.values]
    return RawState(
        objects=len(objects),
        size=sum(one.listed.size for one in objects),
        newest_key=last.key,
        newest_size=last.size,
        stored_ms=last.last_modified_ms,
        newest_answer_ms=max(answers, default=None),
        complete_to_ms=min(promises) if promises and len(promises) == len(ends) else None,
        next_offsets={number: meta.next_offset for number, meta in ends.items() if meta},
        records_per_minute=_rate(objects, ends),
    )


def _rate(objects: list[RawObject], ends: Mapping[int, RawMeta | None]) -> float | None:
    """Records a minute, over the hour's objects but the first, which may hold what piled up."""
    minutes = (
        objects[-1].listed.last_modified_ms - objects[0].listed.last_modified_ms
    ) / 60_000
    if minutes < 0.5:
        return None
    firsts: dict[int, int] = {}
    for one in objects:
        firsts.setdefault(one.key.partition, one.key.link)
    records = sum(
        max(0, meta.next_offset - firsts[number]) for number, meta in ends.items() if meta
    )
    return round(records / minutes, 1)
