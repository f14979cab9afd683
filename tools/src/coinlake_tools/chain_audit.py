"""The audit's core: do the objects of a partition tile its offsets? From keys and metadata alone.

It knows the contracts and nothing else: neither Kafka's client nor S3's, nor any code of the sink.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from coinlake.contracts.abandoned import abandoned_reason
from coinlake.contracts.hours import hour_of
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.raw_meta import RawMeta, parse_raw_meta
from coinlake.store import Listed


class Kind(StrEnum):
    """What can be wrong, by name."""

    FOREIGN = "foreign"  # a file in raw/ whose name is no raw object's
    METADATA = "metadata"  # an object that says of itself what cannot be
    MISSING = "missing"  # offsets between two objects that no object covers
    TAIL = "tail"  # offsets behind the last object that Kafka has
    EXPIRED = "expired"  # offsets behind the last object that Kafka has no more
    AHEAD = "ahead"  # the chain goes on beyond the broker's end
    DUPLICATE = "duplicate"  # two objects with one link
    OVERLAP = "overlap"  # an object that starts inside the one before
    HOUR = "hour"  # an object in the folder of another hour
    HOLE = "hole"  # fewer records than offsets
    WATERMARK = "watermark"  # one that goes back
    CHANGED = "changed"  # a day that was proven has other objects now
    EPOCH = "epoch"  # an epoch's record that is missing or wrong
    UNREADABLE = "unreadable"  # bytes that are no raw object
    HASH = "hash"  # bytes whose hash is not the metadata's
    CONTENT = "content"  # records that are not what the metadata says
    KAFKA = "kafka"  # records that are not those of Kafka


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference. `offset` is the first that it touches; None where it has none."""

    kind: Kind
    topic: str
    text: str
    epoch: int | None = None
    partition: int | None = None
    offset: int | None = None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """An object as listing and HEAD tell it; `metadata` None where it has vanished since."""

    key: RawKey
    metadata: Mapping[str, str] | None
    listed: Listed


@dataclass(frozen=True, slots=True)
class Tile:
    """An object of a chain; `abandoned` is the reason where it marks a range that was given up."""

    key: RawKey
    meta: RawMeta
    abandoned: str | None = None


@dataclass(frozen=True, slots=True)
class Prefix:
    """The part of a chain that was walked before: up to `end`, with the highest watermark in it."""

    end: int
    watermark_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Audited:
    """What the audit says of one partition in one epoch. The chain covers [origin, end).

    `tiles` are the objects that were walked now: those behind the prefix, or all.
    """

    origin: int
    end: int
    tiles: tuple[Tile, ...]
    findings: tuple[Finding, ...]
    watermark_ms: int | None = None

    @property
    def first_difference(self) -> int | None:
        offsets = [one.offset for one in self.findings if one.offset is not None]
        return min(offsets, default=None)


@dataclass(frozen=True, slots=True)
class Chain:
    """Whose chain is audited, and where its epoch lets it begin."""

    topic: str
    epoch: int
    partition: int
    origin: int

    def finding(
        self, kind: Kind, text: str, offset: int | None = None, key: RawKey | None = None
    ) -> Finding:
        name = None if key is None else str(key)
        return Finding(kind, self.topic, text, self.epoch, self.partition, offset, name)


@dataclass
class _Walk:
    """The way along a chain."""

    chain: Chain
    end: int
    watermark_ms: int | None = None
    last: Tile | None = None
    findings: list[Finding] = field(default_factory=list)

    def step(self, tile: Tile) -> None:
        link, chain = tile.key.link, self.chain
        if link > self.end:
            said = f"[{self.end}, {link}) is not in any object"
            self._find(Kind.MISSING, said, self.end, tile.key)
        elif link < self.end:
            self._find(*_overlap(tile, self.last, self.end, chain.origin), tile.key)
        self._watermark(tile)
        if tile.meta.next_offset > self.end:
            self.end, self.last = tile.meta.next_offset, tile

    def _watermark(self, tile: Tile) -> None:
        told, before = tile.meta.complete_to_ms, self.watermark_ms
        if before is not None and (told is None or told < before):
            said = f"complete to {told}, but an earlier object says {before}"
            self._find(Kind.WATERMARK, said, tile.key.link, tile.key)
        self.watermark_ms = told if before is None or (told or 0) > before else before

    def _find(self, kind: Kind, text: str, offset: int, key: RawKey) -> None:
        self.findings.append(self.chain.finding(kind, text, offset, key))


def audited(chain: Chain, objects: Iterable[Seen], before: Prefix | None = None) -> Audited:
    """Walk along a chain's objects, whatever their order, from its origin or behind a prefix."""
    tiles: list[Tile] = []
    findings: list[Finding] = []
    for seen in objects:
        tile, wrong = _tile(chain, seen)
        findings += wrong
        if tile is not None:
            tiles.append(tile)
    tiles.sort(key=lambda tile: (tile.key.link, tile.meta.next_offset, str(tile.key)))
    start = Prefix(chain.origin) if before is None else before
    walk = _Walk(chain, start.end, start.watermark_ms)
    for tile in tiles:
        walk.step(tile)
    found = tuple(findings + walk.findings)
    return Audited(chain.origin, walk.end, tuple(tiles), found, walk.watermark_ms)


def tail_findings(chain: Chain, end: int, start: int, log_end: int) -> list[Finding]:
    """What is between a chain's end and the log, which holds [start, log_end)."""
    if end > log_end:
        said = (
            f"the chain ends at {end}, but the log ends at {log_end}: was the topic re-created?"
        )
        return [chain.finding(Kind.AHEAD, said, log_end)]
    found = []
    if end < start:
        said = f"[{end}, {start}) has expired and is not in any object"
        found.append(chain.finding(Kind.EXPIRED, said, end))
    if max(end, start) < log_end:
        said = f"[{max(end, start)}, {log_end}) is in Kafka but not in any object"
        found.append(chain.finding(Kind.TAIL, said, max(end, start)))
    return found


def _overlap(tile: Tile, last: Tile | None, end: int, origin: int) -> tuple[Kind, str, int]:
    link = tile.key.link
    if last is None:
        return Kind.OVERLAP, f"starts at {link}, before the epoch's origin {origin}", link
    if last.key.link == link:
        return Kind.DUPLICATE, f"has the same link {link} as {last.key}", link
    return Kind.OVERLAP, f"starts at {link}, inside {last.key}, which ends at {end}", link


def _tile(chain: Chain, seen: Seen) -> tuple[Tile | None, Sequence[Finding]]:
    key = seen.key
    if seen.metadata is None:
        return None, [chain.finding(Kind.METADATA, "vanished during the audit", key.link, key)]
    meta = parse_raw_meta(seen.metadata)
    if meta is None:
        said = "does not have the metadata of a raw object"
        return None, [chain.finding(Kind.METADATA, said, key.link, key)]
    tile = Tile(key, meta, abandoned_reason(seen.metadata))
    wrong = [chain.finding(kind, said, key.link, key) for kind, said in _lies(tile)]
    return tile, wrong


def _lies(tile: Tile) -> Iterable[tuple[Kind, str]]:
    key, meta = tile.key, tile.meta
    if meta.link != key.link:
        yield Kind.METADATA, f"its metadata says link {meta.link}"
    if not key.link <= meta.first_offset < meta.next_offset:
        yield (
            Kind.METADATA,
            f"its metadata says first {meta.first_offset}, next {meta.next_offset}",
        )
    if not 0 <= meta.values <= meta.records or not meta.records:
        yield Kind.METADATA, f"its metadata says {meta.records} records, {meta.values} values"
    hours = {hour_of(meta.min_timestamp_ms), hour_of(meta.max_timestamp_ms)}
    if hours != {key.hour}:
        said = ", ".join(sorted(hour.path for hour in hours))
        yield Kind.HOUR, f"is filed under {key.hour.path}, but its timestamps belong to {said}"
    offsets = meta.next_offset - key.link
    if tile.abandoned is None and meta.records != offsets:
        yield Kind.HOLE, f"has {meta.records} records for {offsets} offsets"
