"""The edges of the sink's rules: what holds just there, where one more or one less is another case."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from coinlake.contracts.epochs import Epoch, parse_epoch
from coinlake.contracts.headers import heartbeat_headers
from coinlake.contracts.hours import hour_of
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake.errors import InvariantError, PreconditionFailedError, TransientError
from coinlake.store import Listed, ObjectHead
from s3_sink.core.lag import Lag, lag_of
from s3_sink.core.part import SealReason
from s3_sink.core.partition_state import PartitionState, Phase
from s3_sink.core.ports import Commit
from s3_sink.core.status import partition_status
from s3_sink.core.watermark import Watermark
from s3_sink.loop.create_only import require_create_only
from s3_sink.loop.epochs import current_epoch
from s3_sink.loop.finder import NEWEST_DAYS
from tests.labs.bucket import Answer, BucketStore, Faults
from tests.unit.s3_sink.stage import ONE, Stage
from tests.unit.s3_sink.world import HOUR_MS, LIMITS, NOON_MS, PARTITION, World

TOPIC = "coincap.assets.v1"


def _records(start: int, stop: int) -> list[Record]:
    return [Record(n, NOON_MS + n, b"k", b'{"n":%d}' % n) for n in range(start, stop)]


def _key(link: int, epoch: int = 1) -> str:
    return str(RawKey(TOPIC, hour_of(NOON_MS), epoch, 0, link))


# Starts.


@pytest.mark.parametrize("ahead", [11, 20])
@pytest.mark.parametrize(
    "named",
    ["", "nonsense", _key(0), _key(10), _key(10, epoch=3)],
    ids=["nothing", "nonsense", "the last object", "one that is missing", "a later epoch"],
)
async def test_a_commit_that_is_ahead_stops_the_partition_whatever_it_names(
    world: World, ahead: int, named: str
) -> None:
    # Only the name of an epoch that an operator has ended makes it speak of something else.
    world.log.records = _records(0, 30)
    await world.store_all(world.log.records[:10])
    world.log.commit = Commit(ahead, named)

    with pytest.raises(InvariantError, match=rf"\[10, {ahead}\) is missing"):
        await world.start()


@pytest.mark.parametrize("end", [9, 3])
async def test_a_log_that_ends_before_the_origin_stops_a_chain_without_objects(
    world: World, end: int
) -> None:
    world.log.records = _records(0, end)

    with pytest.raises(InvariantError, match=f"ends at 10, but the log ends at {end}"):
        await world.start(origin=10)


async def test_a_log_that_ends_where_the_chain_does_is_long_enough(world: World) -> None:
    world.log.records = _records(0, 10)

    assert (await world.start(origin=10)).tip.link == 10


@pytest.mark.parametrize("late_ms", [0, -HOUR_MS, -20 * HOUR_MS, -NOON_MS - 1])
async def test_a_log_that_lost_what_the_commit_does_not_name_yet_stops_the_chain(
    world: World, late_ms: int
) -> None:
    # [8, 10) was stored and its commit was not: the log ends where the chain seems to.
    last = [Record(n, NOON_MS + late_ms, None, b"v") for n in (8, 9)]
    await world.store_all([*_records(0, 8), *last], size=8)
    world.log.commit = Commit(8, _key(0))
    world.log.records = _records(0, 8)

    with pytest.raises(InvariantError, match="ends at 10, but the log ends at 8"):
        await world.start()


async def test_where_the_log_ends_with_the_chain_only_the_newest_days_are_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.log.records = _records(0, 10)
    await world.store_all(world.log.records)
    world.log.commit = Commit(10, _key(0))
    for hour in range(24 * 90):
        other = RawKey(TOPIC, hour_of(NOON_MS - hour * HOUR_MS), 1, 1, hour)
        await world.store.put(str(other), b"")
    asked: list[str] = []
    head = world.store.head

    async def head_(key: str) -> ObjectHead | None:
        asked.append(key)
        return await head(key)

    monkeypatch.setattr(world.store, "head", head_)

    start = await world.start()

    assert start.tip.link == 10
    # The commit's object, the hours of two days, and the one of impossible times.
    assert len(asked) <= 1 + NEWEST_DAYS * 24 + 1


@pytest.mark.parametrize("end", [9, 3])
async def test_a_log_that_ends_before_the_chain_stops_it(world: World, end: int) -> None:
    await world.store_all(_records(0, 10))
    world.log.records = _records(0, end)

    with pytest.raises(InvariantError, match=f"ends at 10, but the log ends at {end}"):
        await world.start()


async def test_a_log_that_ends_one_short_stops_a_chain_that_has_expired(world: World) -> None:
    # A rule of the bucket has taken the objects: there is nothing that the records are compared with.
    world.now_ms = NOON_MS + 48 * HOUR_MS
    world.log.commit = Commit(10, _key(0))
    world.log.records = _records(0, 9)

    with pytest.raises(InvariantError, match="ends at 10, but the log ends at 9"):
        await world.start()


@pytest.mark.parametrize(("late_ms", "is_lost"), [(0, True), (1, False)])
async def test_a_chain_has_expired_once_a_day_is_over_and_not_before(
    world: World, late_ms: int, is_lost: bool
) -> None:
    # A rule of the bucket counts in days: what is younger has gone by somebody's hand.
    world.now_ms = NOON_MS + HOUR_MS + 24 * HOUR_MS + late_ms
    world.log.commit = Commit(10, _key(0))
    world.log.records = _records(0, 20)

    if is_lost:
        with pytest.raises(InvariantError, match=r"\[0, 10\) is missing"):
            await world.start()
    else:
        start = await world.start()
        assert (start.tip.link, start.expired) == (10, True)


async def test_a_few_steps_forward_ask_for_no_listing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.log.records = _records(0, 30)
    await world.store_all(world.log.records)
    world.log.commit = Commit(10, _key(0))
    asked: list[str] = []
    listed = world.store.list

    def list_(prefix: str, start_after: str | None = None) -> AsyncIterator[Listed]:
        asked.append(prefix)
        return listed(prefix, start_after)

    monkeypatch.setattr(world.store, "list", list_)

    start = await world.start()

    assert (start.tip.link, asked) == (30, [])


async def test_a_chain_without_objects_has_nothing_that_is_compared(world: World) -> None:
    start = await world.start()

    assert (start.compared, start.tip.found) == (False, None)


async def test_a_store_that_refuses_once_for_nothing_is_asked_again(world: World) -> None:
    # It was accepted once: that is no word on whether the store overwrites.
    world.network.failures = [PreconditionFailedError("k")]

    with pytest.raises(TransientError, match="refused as if it existed"):
        await require_create_only(world.store)


# Two that see a topic first.


@pytest.mark.parametrize("other", [{0: 3}, {0: 40}, {0: 41}])
async def test_what_another_sink_made_first_counts_and_not_ones_own(
    world: World, monkeypatch: pytest.MonkeyPatch, other: dict[int, int]
) -> None:
    quicker = Epoch(TOPIC, 1, other, "the other sink", 1, world.log.id)
    put = world.store.put

    async def after_the_other(key: str, body: bytes, **more: object) -> str:
        # Between our last look and our own request.
        world.bucket.put(key, quicker.encode(), {})
        return await put(key, body, if_none_match=True)

    monkeypatch.setattr(world.store, "put", after_the_other)
    world.log.start = 40

    epoch = await current_epoch(world.store, world.log, TOPIC, world.log.id, 2)

    assert epoch == quicker
    assert parse_epoch(world.bucket.objects[f"chain/{TOPIC}/1.json"].body) == quicker


async def test_an_epoch_that_a_first_listing_did_not_show_counts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        epoch = Epoch(TOPIC, number, {0: number}, "raised by a test", 0)
        await world.store.put(f"chain/{TOPIC}/{number}.json", epoch.encode())
    listed, asked = world.store.list, iter((True,))

    async def list_(prefix: str, start_after: str | None = None) -> AsyncIterator[Listed]:
        if prefix.startswith("chain/") and next(asked, False):
            return
        async for entry in listed(prefix, start_after):
            yield entry

    monkeypatch.setattr(world.store, "list", list_)

    epoch = await current_epoch(world.store, world.log, TOPIC, world.log.id, 2)

    assert epoch.number == 2


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
