"""The deep audit's core: is an object what its metadata says, and what Kafka has?"""

from collections.abc import Iterable, Sequence

from coinlake.contracts.hours import hour_of
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_index import RawFormatError, Record
from coinlake_tools.chain_audit import Chain, Finding, Kind, Tile


def object_findings(
    chain: Chain, tile: Tile, body: bytes | None
) -> tuple[Sequence[Record], list[Finding]]:
    """The records of an object, and in what they are not what its metadata says."""
    link, key = tile.key.link, tile.key
    if body is None:
        return (), [chain.finding(Kind.METADATA, "vanished during the audit", link, key)]
    try:
        decoded = decode(body)
    except RawFormatError as error:
        return (), [chain.finding(Kind.UNREADABLE, str(error), link, key)]
    found = [
        chain.finding(Kind.CONTENT, said, link, key)
        for said in _differences(tile, decoded.records)
    ]
    if decoded.sha256 != tile.meta.sha256:
        said = f"its content hashes to {decoded.sha256[:16]}…, its metadata says {tile.meta.sha256[:16]}…"
        found.append(chain.finding(Kind.HASH, said, link, key))
    return decoded.records, found


def kafka_finding(
    chain: Chain, tile: Tile, stored: Sequence[Record], log: Sequence[Record]
) -> Finding | None:
    """The first record that is not the one that Kafka has at its offset.

    `log` holds all that Kafka still has of the object's range.
    """
    if tile.abandoned is not None:
        return None
    theirs = {record.offset: record for record in log}
    first_kept = min(theirs, default=None)
    if first_kept is None:
        return None
    ours = {record.offset: record for record in stored if record.offset >= first_kept}
    for offset in sorted(theirs.keys() | ours.keys()):
        mine, his = ours.get(offset), theirs.get(offset)
        if mine != his:
            said = f"offset {offset}: {_difference(mine, his)}"
            return chain.finding(Kind.KAFKA, said, offset, tile.key)
    return None


def _differences(tile: Tile, records: Sequence[Record]) -> Iterable[str]:
    meta = tile.meta
    offsets = [record.offset for record in records]
    times = [record.timestamp_ms for record in records]
    values = sum(record.value is not None for record in records)
    if offsets != sorted(set(offsets)):
        yield "its offsets do not increase"
    if (offsets[0], offsets[-1] + 1) != (meta.first_offset, meta.next_offset):
        said = f"[{meta.first_offset}, {meta.next_offset})"
        yield f"holds [{offsets[0]}, {offsets[-1] + 1}), says {said}"
    if (len(records), values) != (meta.records, meta.values):
        yield f"holds {len(records)} records, {values} values, says {meta.records}, {meta.values}"
    if (min(times), max(times)) != (meta.min_timestamp_ms, meta.max_timestamp_ms):
        yield f"holds times {min(times)} to {max(times)}, its metadata says others"
    strange = {hour_of(time).path for time in times} - {tile.key.hour.path}
    if strange:
        yield f"holds records of {', '.join(sorted(strange))}"


def _difference(mine: Record | None, his: Record | None) -> str:
    if mine is None:
        return "is in Kafka but not in the object"
    if his is None:
        return "is in the object but not in Kafka"
    names = ("timestamp_ms", "key", "value", "headers")
    differing = [name for name in names if getattr(mine, name) != getattr(his, name)]
    return f"{', '.join(differing)} differ"
