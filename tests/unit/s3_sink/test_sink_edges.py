"""The edges of the sink's rules: what holds just there, where one more or one less is another case."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from coinlake.contracts.headers import heartbeat_headers
from coinlake.contracts.raw_index import Record
from coinlake.errors import InvariantError, TransientError
from s3_sink.core.lag import Lag, lag_of
from s3_sink.core.part import SealReason
from s3_sink.core.partition_state import PartitionState, Phase
from s3_sink.core.status import partition_status
from s3_sink.core.watermark import Watermark
from tests.labs.bucket import Answer, BucketStore, Faults
from tests.unit.s3_sink.stage import ONE, Stage
from tests.unit.s3_sink.world import LIMITS, NOON_MS, PARTITION, World


def _records(start: int, stop: int) -> list[Record]:
    return [Record(n, NOON_MS + n, b"k", b'{"n":%d}' % n) for n in range(start, stop)]


# Writing.


async def test_first_and_last_time_of_an_object_are_those_of_records_out_of_order(
    world: World,
) -> None:
    times = [NOON_MS + 5, NOON_MS + 9, NOON_MS + 1, NOON_MS + 7]
    state = world.state()
    state.add([Record(n, at_ms, None, b"v") for n, at_ms in enumerate(times)], 0.0)
    state.seal(SealReason.AGE)

    await world.write_all(state, world.writer())

    ((_, stored),) = world.bucket.objects.items()
    told = (stored.metadata["min-ts"], stored.metadata["max-ts"])
    assert told == (str(NOON_MS + 1), str(NOON_MS + 9))


@pytest.mark.parametrize("theirs", [1, 2, 3])
async def test_another_content_is_noticed_up_to_the_last_record_that_is_held(
    world: World, theirs: int
) -> None:
    changed = [replace(one, value=b"other") for one in _records(0, theirs)]
    await world.store_all(changed)
    state = world.state()
    state.add(_records(0, 3), 0.0)
    state.seal(SealReason.AGE)

    with pytest.raises(InvariantError, match="holds records that differ"):
        await world.write_all(state, world.writer())


async def test_each_try_that_fails_makes_the_next_wait_longer(world: World) -> None:
    world.network.failures = [TransientError("503") for _ in range(4)]
    state = world.state()
    state.add(_records(0, 3), 0.0)
    state.seal(SealReason.AGE)

    await world.write_all(state, world.writer())

    assert world.waits == [0, 1, 2, 3]


class _Looking(Faults):
    """Looks while a PUT is under way."""

    def __init__(self, look: Callable[[], int]) -> None:
        super().__init__()
        self.seen: list[int] = []
        self._look = look

    async def tell(self, what: str, apply: Callable[[], Answer]) -> Answer:
        self.seen.append(self._look())
        return await super().tell(what, apply)


async def test_what_is_on_its_way_weighs_until_it_has_landed(world: World) -> None:
    state = world.state()
    state.add(_records(0, 3), 0.0)
    state.seal(SealReason.AGE)
    network = _Looking(lambda: state.in_flight_bytes)
    world.store = BucketStore(world.bucket, network)

    await world.write_all(state, world.writer())

    ((_, stored),) = world.bucket.objects.items()
    assert network.seen == [len(stored.body)]
    assert (state.in_flight_bytes, state.weight) == (0, 0)


async def test_how_far_a_partition_compresses_is_learned_from_what_it_wrote(
    world: World,
) -> None:
    limits = replace(LIMITS, max_bytes=2000, max_raw_bytes=10**9)
    state = world.state(limits=limits)
    big = [Record(n, NOON_MS, None, b"x" * 1000) for n in range(6)]
    state.add(big[:2], 0.0)
    await world.write_all(state, world.writer())

    state.add(big[2:], 0.0)

    # Two of them were thought to fill an object before anything was known.
    assert (state.sealed_parts, state.open_records) == ((), 4)


# What is told.


def test_what_is_told_of_a_partition_is_all_that_is_known_of_it(world: World) -> None:
    state = _held(world)
    state.stop("a promise is broken")

    told = partition_status(state, 7, {"objects": 2, "values": 9})

    assert told == {
        "position": 5,
        "committed": 7,
        "chain_end": 0,
        "complete_to_ms": None,
        "open_records": 0,
        "open_bytes": 0,
        "sealed_parts": 0,
        "epoch": 1,
        "objects": 2,
        "values": 9,
        "state": "stopped",
        "reason": "a promise is broken",
    }


def test_a_partition_that_was_refused_at_its_start_is_behind_by_all_of_the_log() -> None:
    state = PartitionState(PARTITION, LIMITS, Watermark())
    state.stop("a promise is broken")

    assert lag_of(state, 5, NOON_MS) == Lag(5, 0.0)
    assert lag_of(state, 0, NOON_MS) == Lag(0, 0.0)


def test_heartbeats_alone_are_no_delay_wherever_the_position_is(world: World) -> None:
    state = world.state()
    state.stored_to_ms = NOON_MS
    state.add([Record(0, NOON_MS, None, None)], 0.0)

    assert lag_of(state, 1, NOON_MS + 60_000) == Lag(1, 0.0)


async def test_markers_behind_all_that_was_read_are_no_lag(world: World) -> None:
    world.log.records = _records(0, 10)
    stage = Stage(world)
    stage.group.markers = 2

    await stage.play(lambda: "written" in [what for what, _ in stage.told.heard])
    told = []
    stage = Stage(world)
    stage.group.markers = 2

    def is_read() -> bool:
        if ONE in stage.sink.states and stage.state.read_to == 12:
            told.append(lag_of(stage.state, 12, NOON_MS))
        return bool(told)

    await stage.play(is_read)

    assert told == [Lag(0, 0.0)]


# What is held.


def _held(world: World) -> PartitionState:
    state = world.state()
    state.add(_records(0, 3), 0.0)
    state.seal(SealReason.AGE)
    state.add(_records(3, 5), 0.0)
    state.compressed(100, 50)
    return state


def test_a_partition_that_stops_lets_go_of_all_that_it_held(world: World) -> None:
    state = _held(world)
    assert state.weight > 0

    state.stop("a promise is broken")

    assert (state.weight, state.in_flight_bytes, state.open_records) == (0, 0, 0)
    assert (state.sealed_parts, state.first_sealed) == ((), None)
    assert (state.phase, state.reason) == (Phase.STOPPED, "a promise is broken")


@pytest.mark.parametrize("end", range(1, 6))
def test_what_is_stored_weighs_nothing_any_more(world: World, end: int) -> None:
    state = _held(world)

    state.landed(end, None)

    left = world.state()
    left.add(_records(end, 5), 0.0)
    held = [one.offset for part in state.sealed_parts for one in part.records]
    assert held == list(range(end, 3))
    raw = sum(part.raw_bytes for part in state.sealed_parts) + state.open_bytes
    assert raw == left.open_bytes


@pytest.mark.parametrize("end", [1, 2, 3])
def test_what_is_left_of_parts_that_came_bit_by_bit_is_as_old_as_before(
    world: World, end: int
) -> None:
    state = world.state()
    for at_s, record in enumerate(_records(0, 5)):
        state.add([record], float(at_s))

    state.landed(end, None)

    assert state.oldest_value_at_s == 0.0
    state.seal_if_due(LIMITS.max_age_s - 0.1)
    assert state.open_records == 5 - end
    state.seal_if_due(LIMITS.max_age_s)
    assert state.open_records == 0


def test_a_value_behind_heartbeats_that_are_left_is_as_old_as_itself(world: World) -> None:
    heartbeat = Record(1, NOON_MS, None, None, tuple(heartbeat_headers(NOON_MS, "one")))
    state = world.state()
    state.add([_records(0, 1)[0], heartbeat], 0.0)

    state.landed(1, None)
    state.add(_records(2, 3), 30.0)

    assert state.oldest_value_at_s == 30.0
