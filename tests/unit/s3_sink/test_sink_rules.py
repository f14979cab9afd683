"""The smaller decisions: epochs, checks at start, promises, commits, the byte budget."""

from uuid import UUID

import pytest

from coinlake.contracts.epochs import Epoch, parse_epoch
from coinlake.contracts.headers import heartbeat_headers
from coinlake.contracts.raw_index import Record
from coinlake.contracts.topics import LANDED, PUBLISHED
from coinlake.errors import ConfigError, InvariantError, TransientError
from coinlake.settings import load
from s3_sink.config import Settings
from s3_sink.core.checks import require_deleting, too_short
from s3_sink.core.commits import PendingCommits
from s3_sink.core.memory_budget import MemoryBudget
from s3_sink.core.ports import Commit, Partition
from s3_sink.core.watermark import Watermark
from s3_sink.loop.create_only import PROBE_KEY, require_create_only
from s3_sink.loop.epochs import current_epoch
from tests.labs.bucket import Bucket, BucketStore, Faults
from tests.unit.s3_sink.world import World

TOPIC = "coincap.assets.v1"
ONE, TWO = Partition(TOPIC, 0), Partition(TOPIC, 1)
MIB = 1024 * 1024


def _beat(complete_to_ms: int, producer: str) -> Record:
    return Record(0, 0, b"k", None, tuple(heartbeat_headers(complete_to_ms, producer)))


async def test_the_first_sight_of_a_topic_makes_epoch_1_with_the_logs_starts(
    world: World,
) -> None:
    world.log.start = 40

    epoch = await current_epoch(world.store, world.log, TOPIC, world.log.id, 123)

    assert (epoch.number, epoch.origin(0), epoch.created_at_ms) == (1, 40, 123)
    assert list(world.bucket.objects) == [f"chain/{TOPIC}/1.json"]


async def test_an_epoch_that_exists_wins_over_what_the_log_says_now(world: World) -> None:
    await current_epoch(world.store, world.log, TOPIC, world.log.id, 1)
    world.log.start = 99

    again = await current_epoch(world.store, world.log, TOPIC, world.log.id, 2)

    assert (again.origin(0), again.created_at_ms) == (0, 1)


async def test_of_two_sinks_that_see_a_topic_first_the_quicker_ones_origins_hold(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    quicker = Epoch(TOPIC, 1, {0: 3}, "the other sink", 1, world.log.id)
    key = f"chain/{TOPIC}/1.json"

    async def starts_while_the_other_writes(topic: str) -> dict[int, int]:
        await world.store.put(key, quicker.encode())
        # Kafka has expired records since the other looked: these are in nobody's chain.
        return {0: 40}

    monkeypatch.setattr(world.log, "starts", starts_while_the_other_writes)

    epoch = await current_epoch(world.store, world.log, TOPIC, world.log.id, 2)

    assert epoch == quicker
    assert parse_epoch(world.bucket.objects[key].body) == quicker


async def test_the_newest_epoch_counts_by_number_not_by_name(world: World) -> None:
    for number in (1, 2, 10):
        epoch = Epoch(TOPIC, number, {0: number * 100}, "raised by a test", 0)
        await world.store.put(f"chain/{TOPIC}/{number}.json", epoch.encode())

    newest = await current_epoch(world.store, world.log, TOPIC, world.log.id, 0)

    assert (newest.number, newest.origin(0), newest.origin(7)) == (10, 1000, 0)


async def test_an_epoch_that_cannot_be_read_stops_the_topic(world: World) -> None:
    await world.store.put(f"chain/{TOPIC}/1.json", b'{"epoch": 1}')

    with pytest.raises(InvariantError, match="not an epoch"):
        await current_epoch(world.store, world.log, TOPIC, world.log.id, 0)


async def test_an_epoch_that_is_listed_and_not_there_yet_is_waited_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.store.put(f"chain/{TOPIC}/1.json", Epoch(TOPIC, 1, {}, "test", 0).encode())

    async def nothing(key: str) -> None:
        return None

    monkeypatch.setattr(world.store, "get", nothing)

    with pytest.raises(TransientError, match="not there yet"):
        await current_epoch(world.store, world.log, TOPIC, world.log.id, 0)


def test_an_epoch_comes_back_as_it_was_written() -> None:
    epoch = Epoch(TOPIC, 3, {0: 5, 11: 2**60}, 'said "so"', 1_790_000_000_000, UUID(int=9))

    assert parse_epoch(epoch.encode()) == epoch


async def test_a_store_that_refuses_the_second_put_is_fine_every_time(world: World) -> None:
    await require_create_only(world.store)
    await require_create_only(world.store)

    assert list(world.bucket.objects) == [PROBE_KEY]


async def test_a_store_that_takes_the_second_put_is_refused() -> None:
    with pytest.raises(ConfigError, match="ignores If-None-Match"):
        await require_create_only(BucketStore(Bucket(overwrites=True), Faults()))


@pytest.mark.parametrize("refuses", [True, False])
async def test_a_key_that_is_there_and_is_not_is_no_reason_to_end(
    monkeypatch: pytest.MonkeyPatch, refuses: bool
) -> None:
    store = BucketStore(Bucket(overwrites=not refuses), Faults())
    if refuses:
        await store.put(PROBE_KEY, b"")

    async def nothing(key: str) -> None:
        return None

    monkeypatch.setattr(store, "head", nothing)

    with pytest.raises(TransientError, match="does not exist"):
        await require_create_only(store)


@pytest.mark.parametrize("policy", ["compact", "compact,delete"])
def test_a_compacted_topic_is_refused(policy: str) -> None:
    with pytest.raises(ConfigError, match=f"cleanup.policy={policy}"):
        require_deleting({TOPIC: {"cleanup.policy": policy}})


def test_a_topic_without_a_policy_of_its_own_deletes_as_kafka_does_by_default() -> None:
    require_deleting({TOPIC: {}})


def test_topics_that_expire_within_the_longest_outage_are_named() -> None:
    kept = {"short": "5000", "at_once": "0", "ever": "-1", "just": "60000"}
    settings = {topic: {"retention.ms": ms} for topic, ms in kept.items()} | {"none": {}}

    assert too_short(settings, 60) == {"short": 5.0, "at_once": 0.0}


def test_without_named_producers_the_highest_promise_counts_and_never_goes_back() -> None:
    promises = Watermark().after([_beat(20, "a"), _beat(10, "a"), _beat(15, "b")])

    assert promises.complete_to_ms == 20
    assert promises.at_least(30).complete_to_ms == 30
    assert promises.at_least(None).complete_to_ms == 20


def test_named_producers_must_all_have_promised() -> None:
    some = Watermark(frozenset({"a", "b"})).after([_beat(20, "a"), _beat(99, "stranger")])
    both = some.after([_beat(15, "b")])

    assert some.complete_to_ms is None
    assert both.complete_to_ms == 15


@pytest.mark.parametrize(
    "record",
    [
        Record(0, 0, None, b"value", (("complete_to", b"5"),)),
        Record(0, 0, None, None, (("complete_to", b"soon"),)),
        Record(0, 0, None, None, (("complete_to", None),)),
        Record(0, 0, None, None),
    ],
)
def test_only_a_heartbeat_moves_the_position(record: Record) -> None:
    assert Watermark().after([record]).complete_to_ms is None


def test_only_what_is_confirmed_and_ours_is_committed() -> None:
    commits = PendingCommits()
    commits.confirm(ONE, Commit(5, "key"))
    commits.confirm(TWO, Commit(7, "key"))

    assert commits.pending({ONE}) == {ONE: Commit(5, "key")}
    commits.done({ONE: Commit(5, "key")})
    assert commits.pending({ONE, TWO}) == {TWO: Commit(7, "key")}
    assert (commits.committed(ONE), commits.committed(TWO)) == (5, None)
    commits.forget(TWO)
    assert commits.pending({ONE, TWO}) == {}


def test_an_offset_that_was_committed_without_its_key_is_committed_again() -> None:
    commits = PendingCommits()
    commits.known(ONE, Commit(5, ""))
    commits.confirm(ONE, Commit(5, "key"))

    assert commits.pending({ONE}) == {ONE: Commit(5, "key")}


def test_the_smallest_budget_still_asks_for_something() -> None:
    assert MemoryBudget(0, 1).request_bytes == 1


@pytest.mark.parametrize("max_bytes", [8 * MIB, 32 * MIB, 256 * MIB])
def test_what_a_poll_may_unpack_is_more_than_a_fetch_and_far_below_the_budget(
    max_bytes: int,
) -> None:
    budget = MemoryBudget(max_bytes, MIB)

    assert budget.request_bytes < budget.unpacked_bytes < max_bytes / 4


def test_fetching_pauses_below_the_budget_and_resumes_well_below_that() -> None:
    budget = MemoryBudget(256 * MIB, MIB)
    mark = budget.mark(2)

    # A fifth is the allocator's; what is on its way is there packed, copied and unpacked.
    assert mark == int(256 * MIB * 0.8) - 2 * MIB * 7
    assert budget.is_paused(mark, 2, was_paused=False)
    assert not budget.is_paused(mark - 1, 2, was_paused=False)
    assert budget.is_paused(mark - 1, 2, was_paused=True)
    assert not budget.is_paused(mark // 2, 2, was_paused=True)


@pytest.mark.parametrize("partitions", [1, 6, 64, 1000])
@pytest.mark.parametrize("budget_mib", [8, 64, 256, 4096])
def test_what_is_held_and_what_is_on_its_way_never_exceed_the_budget(
    partitions: int, budget_mib: int
) -> None:
    budget = MemoryBudget(budget_mib * MIB, 4 * MIB)

    on_its_way = 7 * min(partitions * budget.fetch_bytes, budget.request_bytes)

    assert budget.mark(partitions) >= budget.max_bytes // 2
    assert budget.mark(partitions) + on_its_way <= budget.max_bytes * 0.8 + 1


def test_the_flush_deadline_must_end_before_the_broker_loses_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environ = {"S3_SINK_FLUSH_DEADLINE_S": "8", "S3_SINK_GROUP__SESSION_TIMEOUT_S": "7"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(ConfigError, match="flush_deadline_s must be shorter"):
        load(Settings, environ)


def test_the_sink_copies_what_cannot_be_had_again_and_no_announcement() -> None:
    settings = load(Settings, {})

    # The gaps topic expires after two weeks; what was missed is to be known for ever.
    assert {"coincap.rejected.v1", "coinlake.gaps.v1"} <= set(settings.topics)
    assert {LANDED, PUBLISHED} & set(settings.topics) == set()
