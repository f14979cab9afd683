"""Days of a lake as passes go through them: older ones in turn, and read again where they changed."""

import itertools
from collections import Counter

import pytest

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour, hour_of
from coinlake.contracts.ledger import curated_key
from coinlake.contracts.raw_layout import RawKey
from coinlake.errors import TransientError
from coinlake.testing import FakeClock
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.plan import PlanningPolicy, choose
from etl_runner.core.tracked import Failure
from etl_runner.core.watermarks import AHEAD_MS, Promises
from tests.labs.bucket import Stored
from tests.unit.etl_runner.runner import Runner
from tests.unit.etl_runner.test_runner_hours import dirty
from tests.unit.etl_runner.world import HOUR, World

AT = FeedHour("rates", HOUR)
PUBLISHED = curated_key("rates", HOUR)
TOPIC = TABULAR["rates"].topic


async def passes(runner: Runner, times: int = 8) -> None:
    for _ in range(times):
        await runner.reconcile.run(runner.now_ms())


@pytest.fixture
async def old(world: World, clock: FakeClock, runner: Runner) -> Runner:
    """A lake whose only day is ten days old and whole."""
    await world.land()
    await runner.turn()
    clock.advance(10 * 86_400)
    later = Runner(world, clock)
    await passes(later)
    return later


async def test_an_older_day_that_is_as_it_was_is_not_read_again(
    world: World, old: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Counter[str]()
    get = world.bucket.get

    def counted(key: str) -> bytes | None:
        read[key] += 1
        return get(key)

    monkeypatch.setattr(world.bucket, "get", counted)
    old.parts.lake._heads.clear()
    await passes(old)
    assert read == {}


@pytest.mark.parametrize("what", ["raw", "ledger", "object", "partition"])
async def test_an_older_day_that_has_changed_is_looked_at(
    world: World, old: Runner, what: str
) -> None:
    if what == "raw":
        await world.land()
    elif what == "ledger":
        world.bucket.objects[f"ledger/feed=rates/{HOUR.path}/x.json"] = Stored(b"x", "x", {}, 0)
    elif what == "object":
        del world.bucket.objects[PUBLISHED]
    else:
        world.catalog.partitions.discard(("rates", HOUR))
    await passes(old)

    seen = {
        "raw": old.hours.get(AT).dirty,
        "ledger": world.counted("alarms_total", reason="ledger_stray") > 0,
        "object": old.hours.get(AT).repair,
        "partition": ("rates", HOUR) in world.catalog.partitions
        and world.counted("alarms_total", reason="partition_gone") > 0,
    }
    assert seen[what]


async def test_a_catalog_that_is_away_keeps_an_older_day_from_being_whole(
    world: World, clock: FakeClock, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.land()
    await runner.turn()
    clock.advance(10 * 86_400)
    later = Runner(world, clock)

    async def away(table: str, dt: str) -> object:
        raise TransientError("GetPartitions: 503")

    with monkeypatch.context() as patch:
        patch.setattr(world.catalog, "registered", away)
        world.catalog.partitions.discard(("rates", HOUR))
        await passes(later)
    await passes(later)
    assert ("rates", HOUR) in world.catalog.partitions


async def test_an_older_day_is_made_in_a_lake_without_tables(
    world: World, clock: FakeClock
) -> None:
    """What is restored into an empty lake, or lands ten days late, when no crawl has run yet."""
    await world.land()
    clock.advance(10 * 86_400)
    runner = Runner(world, clock)
    await passes(runner, 2)
    assert runner.hours.get(AT).dirty
    await runner.turn()
    assert len(world.ledger()) == 1


async def test_markers_of_folders_and_objects_of_others_are_no_trouble(
    world: World, runner: Runner
) -> None:
    await world.land()
    for marker in (f"raw/{TOPIC}/{HOUR.path}/", f"curated/rates/{HOUR.path}/"):
        world.bucket.objects[marker] = Stored(b"", "m", {}, 0)
    foreign = str(RawKey(TOPIC, HOUR, 0, 0, 99))
    world.bucket.objects[foreign] = Stored(b"x", "x", {}, 0)
    await runner.turn()
    await runner.reconcile.run(runner.now_ms())
    for reason in ("raw_stray", "object_stray"):
        assert world.counted("alarms_total", reason=reason) == 0
    assert foreign in runner.hours.get(AT).inputs
    assert len(runner.hours.get(AT).inputs) == 2


async def test_under_a_live_stream_an_hour_that_fails_has_every_second_turn(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    world.glue.miscounts = {"markets"}
    await world.land("markets")
    await runner.turn()
    failing = FeedHour("markets", HOUR)
    assert runner.hours.get(failing).failure.count == 1
    for _ in range(8):
        clock.advance(90_000)
        await world.land("rates", HOUR)
        await runner.turn()
    assert runner.hours.get(failing).failure.count >= 4
    assert len(world.ledger("rates")) >= 4


async def test_an_object_that_went_after_it_was_refused_is_tried_again(
    world: World, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.land()
    world.bucket.put(PUBLISHED, b"theirs", {})
    head = world.bucket.head

    def gone(key: str) -> object:
        return None if key == PUBLISHED else head(key)

    monkeypatch.setattr(world.bucket, "head", gone)
    await runner.turn()
    assert runner.hours.get(AT).wait.reason == f"{PUBLISHED} existed before and is now gone"
    assert world.ledger() == []


async def test_crawls_are_counted_by_how_they_ended(world: World, runner: Runner) -> None:
    world.catalog.is_away = True
    with pytest.raises(TransientError, match="the crawler is away"):
        await runner.parts.tables.crawl("audit")
    world.catalog.is_away = False
    await runner.parts.tables.crawl("audit")
    await runner.parts.tables.crawl("audit")
    assert world.counted("crawls_total", outcome="failed") == 1
    assert world.counted("crawls_total", outcome="succeeded") == 2


def test_a_batch_is_filled_to_its_last_byte() -> None:
    hours = [FeedHour("rates", Hour("2026-11-20", f"0{n}")) for n in range(3)]
    known = dirty(*hours, now_ms=0)
    now_ms = hours[2].at.end_ms + 10_000_000
    for most, expected in ((20, 2), (19, 1), (30, 3), (29, 2)):
        policy = PlanningPolicy(1, 1, 0, 0, 9, most)
        chosen = choose(known, policy, now_ms)
        assert chosen is not None
        assert len(chosen.hours) == expected, most


def test_a_partition_that_is_listed_has_to_promise() -> None:
    known = dirty()
    for partition in range(4):
        known.promises.promised(TOPIC, partition, 500, 500)
    assert known.watermark_ms(TOPIC) == 500
    key = str(RawKey(TOPIC, HOUR, 0, 9, 0))
    known.listed(AT, {key: next(iter(known.get(AT).inputs.values()))}, 100)
    assert known.watermark_ms(TOPIC) is None


def test_promises_are_believed_up_to_a_minute_ahead() -> None:
    promises = Promises()
    assert promises.promised("t", 0, 1000 + AHEAD_MS, 1000)
    assert not promises.promised("t", 0, 1001 + AHEAD_MS, 1000)
    assert promises.watermark_ms("t") == 1000 + AHEAD_MS
    assert AHEAD_MS == 60_000
    assert promises.partitions("nobody's") == set()
    assert promises.watermark_ms("nobody's") is None


def test_a_retry_of_a_clean_hour_closes_it() -> None:
    known = Hours()
    known.failed(AT, Failure(1, 1))
    assert [hour for hour, _ in known.open()] == [AT]
    assert known.retry(AT)
    assert list(known.open()) == []


async def test_a_dataset_that_gets_tables_is_caught_up_with_a_day_a_pass(
    world: World, clock: FakeClock
) -> None:
    """A lake of before has raw objects of rejected answers and no ledger of them."""
    days = 5
    hours = [
        Hour(hour_of(HOUR.start_ms - ago * 86_400_000).dt, name)
        for ago in range(10, 10 + days)
        for name in ("01", "02", "03")
    ]
    for hour in hours:
        await world.land("rejected", hour, complete_to_ms=HOUR.end_ms)
    runner = Runner(world, clock)
    done = [0]

    for _ in range(2 * days):
        await runner.turn()
        done.append(sum(len(world.ledger("rejected", hour)) for hour in hours))

    # The older days come one a pass, and a run takes what is dirty by then.
    assert max(after - before for before, after in itertools.pairwise(done)) == 3
    assert done[-1] == len(hours)
