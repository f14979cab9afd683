"""`coinlake repair`: puts lost objects back from Kafka, under the same keys and hashes.

It creates what is missing and never replaces what is there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coinlake.contracts.headers import complete_to_ms
from coinlake.contracts.hours import hour_of
from coinlake.contracts.raw_codec import content_sha256, decode, encode
from coinlake.contracts.raw_index import RawFormatError, Record
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.raw_meta import RawMeta, parse_raw_meta
from coinlake.errors import ConfigError, InvariantError, PreconditionFailedError
from coinlake.store import ObjectStore
from coinlake_tools.chain_audit import Audited, Chain, Tile
from coinlake_tools.lake_chain import TopicView, topic_view
from coinlake_tools.lake_log import Kept, LakeLog

WRITER = "coinlake-repair"
# As the sink's defaults: a repaired tail must not become one object of gigabytes.
_MAX_RAW_BYTES = 32 * 1024 * 1024
_MAX_RECORDS = 100_000


@dataclass(frozen=True, slots=True)
class Piece:
    """Offsets [start, stop) that are in no object; the watermarks before and behind it."""

    start: int
    stop: int
    before_ms: int | None = None
    behind_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Lost:
    """An object to be put back."""

    key: RawKey
    meta: RawMeta
    body: bytes


def pieces(result: Audited, start: int, stop: int) -> list[Piece]:
    """What of [start, stop) no object covers. Its edges are links of the chain, or `stop`."""
    found, end, before_ms = [], result.origin, None
    for tile in result.tiles:
        if tile.key.link > end:
            found.append(Piece(end, tile.key.link, before_ms, tile.meta.complete_to_ms))
        if tile.meta.next_offset > end:
            end, before_ms = tile.meta.next_offset, tile.meta.complete_to_ms
    if stop > end:
        found.append(Piece(end, stop, before_ms))
    return [one for one in found if one.start < stop and one.stop > start]


def lost_objects(
    chain: Chain, piece: Piece, records: Sequence[Record], cuts: Iterable[int]
) -> list[Lost]:
    """The objects of a piece: cut where the hour changes, at `cuts`, and where one is full."""
    told, link, lost = piece.before_ms, piece.start, []
    for part in _parts(records, frozenset(cuts)):
        told = _watermark_of(part, told, piece.behind_ms)
        encoded = encode(part)
        first = part[0]
        # A cut at the edge of the piece belongs to the neighbour, whatever the last offset.
        following = piece.stop if part[-1] is records[-1] else part[-1].offset + 1
        hour = hour_of(first.timestamp_ms)
        key = RawKey(chain.topic, hour, chain.epoch, chain.partition, link)
        lost.append(Lost(key, _meta(link, following, part, encoded.sha256, told), encoded.body))
        link = following
    return lost


async def repair(
    store: ObjectStore,
    log: LakeLog,
    topic: str,
    partition: int,
    span: tuple[int, int],
    cuts: Sequence[int],
    *,
    dry_run: bool,
) -> list[str]:
    """Put back what is missing of a range; a line for each object, also for those that are there.

    Raises ConfigError where Kafka does not have what is missing, InvariantError where it has
    something else than the chain's neighbours or objects, TransientError.
    """
    view, kept = await _looked(store, log, topic, partition)
    chain, result = view.chain(view.newest, partition), view.audited(view.newest, partition)
    start, stop = span[0], min(span[1], kept.end)
    lines = [await _compared(store, log, chain, tile, kept) for tile in _within(result, span)]
    for piece in pieces(result, start, stop):
        if piece.start < kept.start:
            raise ConfigError(
                f"[{piece.start}, {min(piece.stop, kept.start)}) is missing and has expired in "
                "Kafka: only `coinlake abandon` can help"
            )
        await _check_neighbour(store, log, chain, result, piece, kept)
        records = await log.records(topic, partition, piece.start, piece.stop)
        lost = lost_objects(chain, piece, records, cuts)
        lines += [await _put(store, one, dry_run=dry_run) for one in lost]
    return lines


async def _looked(
    store: ObjectStore, log: LakeLog, topic: str, partition: int
) -> tuple[TopicView, Kept]:
    view, kept = await topic_view(store, topic), await log.kept(topic)
    if not view.newest:
        raise ConfigError(f"{topic} has no epoch: no sink has ever read it")
    if partition not in kept:
        raise ConfigError(f"{topic} has no partition {partition} in Kafka")
    return view, kept[partition]


def _within(result: Audited, span: tuple[int, int]) -> list[Tile]:
    return [
        tile
        for tile in result.tiles
        if tile.key.link < span[1] and tile.meta.next_offset > span[0]
    ]


async def _compared(
    store: ObjectStore, log: LakeLog, chain: Chain, tile: Tile, kept: Kept
) -> str:
    """Compare an object that is there with what Kafka would make of it."""
    if tile.abandoned is not None:
        return f"given up {tile.key}: {tile.abandoned}"
    if tile.key.link < kept.start:
        return f"expired  {tile.key}: no longer in Kafka, not compared"
    records = await log.records(
        chain.topic, chain.partition, tile.key.link, tile.meta.next_offset
    )
    wanted = content_sha256(records)
    body = await store.get(str(tile.key))
    try:
        found = None if body is None else decode(body).sha256
    except RawFormatError as error:
        found = f"({error})"
    if wanted == tile.meta.sha256 == found:
        return f"same     {tile.key}: {wanted[:16]}"
    return f"differs  {tile.key}: Kafka {wanted[:16]}, metadata {tile.meta.sha256[:16]}, bytes {found}"


async def _check_neighbour(
    store: ObjectStore, log: LakeLog, chain: Chain, result: Audited, piece: Piece, kept: Kept
) -> None:
    """Kafka must be the same topic: what it has before the piece is what the chain has."""
    before = [tile for tile in result.tiles if tile.meta.next_offset == piece.start]
    if not before or before[0].abandoned is not None or piece.start - 1 < kept.start:
        return
    body = await store.get(str(before[0].key))
    last = decode(body or b"").records[-1]
    theirs = await log.records(chain.topic, chain.partition, last.offset, last.offset + 1)
    if theirs != [last]:
        raise InvariantError(
            f"offset {last.offset} of {before[0].key} is not the record that Kafka has: "
            "the topic was re-created or truncated"
        )


async def _put(store: ObjectStore, lost: Lost, *, dry_run: bool) -> str:
    said = f"{lost.key}: [{lost.meta.link}, {lost.meta.next_offset}) {lost.meta.sha256[:16]}"
    if dry_run:
        return f"missing  {said}"
    try:
        await store.put(
            str(lost.key),
            lost.body,
            metadata=lost.meta.encode(),
            if_none_match=True,
            content_type="application/gzip",
        )
    except PreconditionFailedError as error:
        head = await store.head(str(lost.key))
        there = None if head is None else parse_raw_meta(head.metadata)
        if there is None or there.sha256 != lost.meta.sha256:
            raise InvariantError(
                f"{lost.key} was written meanwhile with different records"
            ) from error
    return f"put back {said}"


def _parts(records: Sequence[Record], cuts: frozenset[int]) -> Iterable[list[Record]]:
    part: list[Record] = []
    size = 0
    for record in records:
        if part and (
            record.offset in cuts
            or hour_of(record.timestamp_ms) != hour_of(part[0].timestamp_ms)
            or size >= _MAX_RAW_BYTES
            or len(part) >= _MAX_RECORDS
        ):
            yield part
            part, size = [], 0
        part.append(record)
        size += len(record.value or b"")
    if part:
        yield part


def _watermark_of(part: Sequence[Record], told: int | None, behind: int | None) -> int | None:
    """The highest watermark so far; never more than the object behind the piece tells."""
    watermarks = [complete_to_ms(one.headers) for one in part if one.value is None]
    known = [one for one in (told, *watermarks) if one is not None]
    highest = max(known, default=None)
    if highest is None or behind is None:
        return highest
    return min(highest, behind)


def _meta(
    link: int, following: int, part: Sequence[Record], sha256: str, told: int | None
) -> RawMeta:
    times = [record.timestamp_ms for record in part]
    return RawMeta(
        link=link,
        first_offset=part[0].offset,
        next_offset=following,
        records=len(part),
        values=sum(record.value is not None for record in part),
        sha256=sha256,
        min_timestamp_ms=min(times),
        max_timestamp_ms=max(times),
        complete_to_ms=told,
        writer=WRITER,
    )
