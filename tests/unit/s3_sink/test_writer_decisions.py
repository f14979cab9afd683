"""What the writer does with 412, 409, lost replies and objects of others."""

import dataclasses

import pytest

from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import parse_raw_key
from coinlake.errors import (
    ConflictError,
    InvariantError,
    PreconditionFailedError,
    TransientError,
    Trouble,
)
from s3_sink.core.part import SealReason
from tests.unit.s3_sink.world import World

HOUR_MS = 3_600_000
NOON_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS


def _records(start: int, stop: int) -> list[Record]:
    return [Record(n, NOON_MS + n, b"k", b'{"n":%d}' % n) for n in range(start, stop)]


async def test_an_object_is_named_by_link_and_hour_and_tells_what_it_holds(
    world: World,
) -> None:
    state = world.state(link=5)
    state.add(_records(7, 10), 0.0)
    state.seal(SealReason.AGE)

    await world.write_all(state, world.writer())

    ((key, stored),) = world.bucket.objects.items()
    parsed = parse_raw_key(key)
    assert parsed is not None
    assert (parsed.epoch, parsed.partition, parsed.link) == (1, 0, 5)
    assert parsed.hour.start_ms == NOON_MS
    # The hole before the first record belongs to this object.
    told = {name: stored.metadata[name] for name in ("link", "first", "next", "values")}
    assert told == {"link": "5", "first": "7", "next": "10", "values": "3"}
    assert state.link == 10


async def test_a_lost_reply_is_found_again_and_counts_as_written(world: World) -> None:
    world.network.lost_answers = 1
    state = world.state()
    state.add(_records(0, 3), 0.0)
    state.seal(SealReason.AGE)

    await world.write_all(state, world.writer())

    assert world.chain() == [(0, 3)]
    assert world.heard.refused == 1
    assert len(world.heard.written_keys) == 1
    assert world.heard.adopted_keys == []


async def test_each_repeated_try_is_reported_with_the_trouble_that_it_met(
    world: World,
) -> None:
    denied = TransientError("PUT k: 403 AccessDenied", Trouble.DENIED)
    world.network.failures = [denied, ConflictError("409"), TransientError("odd")]
    state = world.state()
    state.add(_records(0, 3), 0.0)
    state.seal(SealReason.AGE)

    await world.write_all(state, world.writer())

    assert world.chain() == [(0, 3)]
    assert world.heard.retries == ["denied", "conflict", "other"]


async def test_a_key_that_is_refused_and_not_there_is_tried_again_and_told(
    world: World,
) -> None:
    world.network.failures = [PreconditionFailedError("k")]
    state = world.state()
    state.add(_records(0, 3), 0.0)
    state.seal(SealReason.AGE)

    await world.write_all(state, world.writer())

    assert world.chain() == [(0, 3)]
    assert world.heard.retries == ["vanished"]


@pytest.mark.parametrize("theirs", [2, 5, 9])
async def test_the_position_after_a_412_is_the_end_of_the_object_that_is_there(
    world: World, theirs: int
) -> None:
    await world.store_all(_records(0, theirs), size=theirs)
    state = world.state()
    state.add(_records(0, 5), 0.0)
    state.seal(SealReason.AGE)

    await world.write_all(state, world.writer())

    ends = {2: [(0, 2), (2, 5)], 5: [(0, 5)], 9: [(0, 9)]}
    assert world.chain() == ends[theirs]
    assert state.link == state.fetched_to == max(5, theirs)


async def test_other_bytes_in_the_same_place_stop_the_partition(world: World) -> None:
    changed = [dataclasses.replace(one, value=b"other") for one in _records(0, 3)]
    await world.store_all(changed)
    state = world.state()
    state.add(_records(0, 5), 0.0)
    state.seal(SealReason.AGE)

    with pytest.raises(InvariantError, match="holds records that differ"):
        await world.write_all(state, world.writer())

    assert state.link == 0
    assert world.chain() == [(0, 3)]


async def test_another_first_record_stops_the_partition_even_where_not_all_is_held(
    world: World,
) -> None:
    await world.store_all(_records(1, 20), size=50)
    state = world.state()
    state.add(_records(0, 5), 0.0)
    state.seal(SealReason.AGE)

    with pytest.raises(InvariantError, match="starts with offset 1"):
        await world.write_all(state, world.writer())


async def test_an_object_without_metadata_is_decoded(world: World) -> None:
    await world.store_all(_records(0, 3))
    ((key, stored),) = world.bucket.objects.items()
    world.bucket.objects[key] = dataclasses.replace(stored, metadata={})
    state = world.state()
    state.add(_records(0, 5), 0.0)
    state.seal(SealReason.AGE)

    await world.write_all(state, world.writer())

    assert state.link == 5
    assert len(world.heard.adopted_keys) == 1


async def test_an_object_that_cannot_be_decoded_stops_the_partition(world: World) -> None:
    await world.store_all(_records(0, 3))
    ((key, stored),) = world.bucket.objects.items()
    world.bucket.objects[key] = dataclasses.replace(stored, metadata={}, body=b"rubbish")
    state = world.state()
    state.add(_records(0, 5), 0.0)
    state.seal(SealReason.AGE)

    with pytest.raises(InvariantError, match="cannot be decoded: at byte 0"):
        await world.write_all(state, world.writer())


async def test_an_object_that_names_another_link_stops_the_partition(world: World) -> None:
    await world.store_all(_records(0, 3))
    ((key, stored),) = world.bucket.objects.items()
    lie = {**stored.metadata, "link": "1", "first": "1"}
    world.bucket.objects[key] = dataclasses.replace(stored, metadata=lie)
    state = world.state()
    state.add(_records(0, 5), 0.0)
    state.seal(SealReason.AGE)

    with pytest.raises(InvariantError, match="says link 1"):
        await world.write_all(state, world.writer())


async def test_what_was_found_is_what_is_compared_when_the_cut_differs(world: World) -> None:
    theirs = _records(0, 4)
    await world.store_all(theirs, size=4)
    state = world.state()
    state.add(_records(0, 2), 0.0)
    state.seal(SealReason.AGE)
    state.add(_records(2, 6), 0.0)

    await world.write_all(state, world.writer())

    # The open part was needed for the comparison, and its first half is dropped with it.
    assert (state.link, state.open_records) == (4, 2)
    assert world.stored() == theirs
