"""Each alarm where it belongs, and what the runner does beside it."""

import asyncio
import itertools
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from coinlake.contracts.batches import StagedFile
from coinlake.contracts.datasets import table_named
from coinlake.contracts.ledger import curated_key, ledger_key
from coinlake.contracts.tables import Column
from coinlake.errors import TransientError
from coinlake.testing import FakeClock
from etl_runner.core.batch import Trouble, WantedHour
from etl_runner.core.hours import FeedHour
from etl_runner.core.publication import BATCH_ID, VERSION, decide
from etl_runner.core.records import (
    COMMANDS_PREFIX,
    FAILURES_PREFIX,
    Command,
    parse_record_key,
    record_key,
)
from etl_runner.core.runs import GlueRun
from etl_runner.loop import lake as lake_module
from etl_runner.loop.find import find
from etl_runner.loop.freeze import freeze, load_manifest
from etl_runner.loop.lake import LakeReader
from etl_runner.loop.put_objects import is_as_staged
from tests.labs.bucket import Stored
from tests.unit.etl_runner.runner import Runner
from tests.unit.etl_runner.world import HOUR, World

AT = FeedHour("rates", HOUR)
PUBLISHED = curated_key("rates", HOUR)


# ---- what lies where the runner publishes ------------------------------------------------------


async def test_an_object_of_nobody_is_an_alarm_and_is_replaced(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land()
    world.bucket.put(PUBLISHED, b"theirs", {})
    await runner.turn()
    assert world.counted("alarms_total", reason="foreign_object") == 1
    clock.advance(60)
    await runner.turn()
    assert world.bucket.objects[PUBLISHED].metadata[BATCH_ID] == world.ledger()[0].batch_id


async def test_a_published_object_that_went_while_the_run_worked_is_an_alarm(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land()
    await runner.turn()
    await world.land()
    clock.advance(7200)
    start = world.glue.start

    async def and_somebody_deletes(arguments: dict[str, str]) -> str:
        world.bucket.delete(PUBLISHED)
        return await start(arguments)

    world.glue.start = and_somebody_deletes  # type: ignore[method-assign,assignment]
    await runner.turn()
    assert world.counted("alarms_total", reason="published_gone") == 1
    assert len(world.ledger()) == 2


async def test_a_column_of_another_type_is_an_alarm_and_holds_up_nothing(
    world: World, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.land()
    await runner.turn()
    columns = table_named("rates").columns

    async def changed(table: str) -> list[Column]:
        return [replace(columns[0], type="map<string,string>"), *columns[1:]]

    monkeypatch.setattr(world.catalog, "columns", changed)
    await world.land()
    await runner.reconcile.run(runner.now_ms())
    runner.clock.advance(7200)
    await runner.turn()
    assert world.counted("alarms_total", reason="column_type_differs") >= 1
    assert len(world.ledger()) == 2


async def test_a_promise_of_the_future_in_an_object_is_an_alarm(
    world: World, runner: Runner
) -> None:
    await world.land(complete_to_ms=runner.now_ms() + 3_600_000)
    await runner.reconcile.run(runner.now_ms())
    assert world.counted("alarms_total", reason="promise_ahead") == 1
    assert not runner.hours.complete(AT)


async def test_what_differs_and_stays_so_is_logged_once_and_counted_each_time(
    world: World, runner: Runner
) -> None:
    await world.land()
    await runner.turn()
    world.bucket.objects[f"curated/rates/{HOUR.path}/copy"] = Stored(b"x", "x", {}, 0)
    with capture_logs() as said:
        for _ in range(3):
            await runner.reconcile.run(runner.now_ms())
    told = [line for line in said if line["event"] == "lake_differs"]
    assert [line["kind"] for line in told] == ["object_stray"]
    assert world.counted("alarms_total", reason="object_stray") == 3


async def test_a_version_under_way_at_two_passes_is_taken_up(
    world: World, runner: Runner
) -> None:
    """At the first it may be somebody at work; at the second he is dead."""
    await world.land()
    await runner.turn()
    theirs = {BATCH_ID: "theirs", "base_version": "1", VERSION: "2", "job_version": "1"}
    world.bucket.put(PUBLISHED, b"theirs", theirs)
    await runner.reconcile.run(runner.now_ms())
    assert not runner.hours.get(AT).forced
    await runner.reconcile.run(runner.now_ms())
    assert runner.hours.get(AT).forced
    assert not runner.hours.get(AT).repair

    again = Runner(world, runner.clock)
    await again.reconcile.run(runner.now_ms())
    world.bucket.put(PUBLISHED, b"others", {**theirs, BATCH_ID: "others"})
    await again.reconcile.run(runner.now_ms())
    assert not again.hours.get(AT).forced


async def test_an_object_with_odd_metadata_is_of_no_version(world: World) -> None:
    await world.land()
    runner = Runner(world, world.clock)
    await runner.turn()
    for odd in ({}, {VERSION: "2"}, {BATCH_ID: "b", VERSION: "two"}, {BATCH_ID: "b"}):
        world.bucket.put(PUBLISHED, b"odd", odd)
        (found,) = await find(world.parts, "rates", HOUR.dt)
        assert (found.underway, found.differing) == (None, (PUBLISHED,)), odd


def test_what_a_refused_put_means() -> None:
    from coinlake.contracts.batches import BatchHour, Manifest

    hour = BatchHour("rates", HOUR.dt, HOUR.hour, 3, (), ())
    manifest = Manifest("mine", 5, "dev", 1, (hour,))
    theirs = {BATCH_ID: "theirs", VERSION: "4", "job_version": "5"}
    assert decide({BATCH_ID: "mine"}, manifest, hour, 9) == "mine"
    assert decide(theirs, manifest, hour, 3) == "finish_theirs"
    assert decide(theirs, manifest, hour, 4) == "moved"
    assert decide({**theirs, "job_version": "6"}, manifest, hour, 3) == "outranked"
    assert decide({**theirs, "job_version": "six"}, manifest, hour, 3) == "finish_theirs"
    assert decide({**theirs, VERSION: "5"}, manifest, hour, 3) == "foreign"
    assert decide({VERSION: "4"}, manifest, hour, 3) == "foreign"
    assert decide({}, manifest, hour, 3) == "foreign"


@pytest.mark.parametrize(
    ("size", "etag", "holds"),
    [
        (4, "8d777f385d3dfec8815d20f7496026dc", True),  # md5 of "data"
        (4, "0" * 32, False),
        (5, "8d777f385d3dfec8815d20f7496026dc", False),
        (4, "0" * 30 + "-2", True),  # of several parts: no MD5
        (4, "kms", True),
    ],
)
def test_staged_bytes_are_held_against_size_and_md5(size: int, etag: str, holds: bool) -> None:
    assert is_as_staged(b"data", StagedFile("t", "k", etag, size, 1)) is holds


# ---- what is read ------------------------------------------------------------------------------


async def test_an_object_that_went_between_listing_and_reading_is_tried_again(
    world: World, runner: Runner
) -> None:
    await world.land()
    await runner.turn()
    fresh = LakeReader(world.store)
    world.bucket.get = lambda key: None  # type: ignore[method-assign]
    with pytest.raises(TransientError, match="was listed but no longer exists"):
        await fresh.head(AT)


async def test_what_is_remembered_of_objects_is_bounded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lake_module, "_REMEMBERED", 3)
    for _ in range(6):
        await world.land()
    await find(world.parts, "rates", HOUR.dt)
    assert len(world.lake._metas) == 3


async def test_a_ledger_that_breaks_before_the_freeze_takes_its_hour_out_of_the_batch(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land("rates")
    await world.land("markets")
    await runner.turn()
    kept = runner.hours.get(AT).head
    await world.land("rates")
    await world.land("markets")
    await runner.reconcile.run(runner.now_ms())
    clock.advance(7200)
    world.bucket.objects[ledger_key("rates", HOUR, 1)] = Stored(b"graffiti", "g", {}, 0)

    assert await runner.batches.turn(asyncio.Event())

    assert len(world.ledger("markets")) == 2
    tracked = runner.hours.get(AT)
    # What was known of the hour stays known: nobody says that it has no version.
    assert (tracked.head, tracked.dirty) == (kept, True)
    assert "not a valid ledger entry" in (tracked.aside or "")
    assert Trouble("ledger_unreadable", "").hides_head
    assert not Trouble("raw_vanished", "").hides_head


async def test_a_batch_that_has_nothing_left_is_a_turn_without_a_run(
    world: World, runner: Runner
) -> None:
    await world.land()
    await runner.reconcile.run(runner.now_ms())
    await Runner(world, runner.clock).turn()
    assert await runner.batches.turn(asyncio.Event())
    assert len(world.glue.runs) == 1
    assert not await runner.batches.turn(asyncio.Event())


async def test_the_run_in_flight_is_shown_and_then_no_more(
    world: World, runner: Runner
) -> None:
    shown: list[tuple[str, bool]] = []
    get = world.glue.get

    async def looked(run_id: str) -> GlueRun:
        found = await get(run_id)
        shown.append((found.state, runner.batches.current is not None))
        if len(shown) == 2:
            world.glue.runs = [replace(found, state="FAILED")]
        return found

    world.glue.stays = "RUNNING"
    world.glue.get = looked  # type: ignore[method-assign]
    await world.land()
    await runner.turn()
    assert shown == [("RUNNING", False), ("RUNNING", True), ("FAILED", True)]
    assert runner.batches.current is None


# ---- commands ----------------------------------------------------------------------------------


async def test_a_command_is_for_the_version_that_there_is_when_it_comes(
    world: World, runner: Runner
) -> None:
    await world.land()
    await Runner(world, runner.clock).turn()
    assert await runner.commands.rebuild(AT)
    tracked = runner.hours.get(AT)
    assert (tracked.version, tracked.forced_of) == (1, 1)
    await runner.turn()
    assert [entry.version for entry in world.ledger()] == [1, 2]


async def test_only_who_accepts_what_is_missing_takes_an_hour_back_from_aside(
    world: World, runner: Runner
) -> None:
    await world.land()
    key = await world.land()
    await runner.turn()
    del world.bucket.objects[key]
    await runner.reconcile.run(runner.now_ms())
    assert runner.hours.get(AT).aside
    await runner.commands.rebuild(AT)
    assert runner.hours.get(AT).aside
    assert not runner.records.accepts_missing(AT)
    await runner.commands.rebuild(AT, accepts_missing=True)
    assert runner.hours.get(AT).aside is None
    assert runner.records.accepts_missing(AT)


def test_the_names_of_records() -> None:
    for prefix in (FAILURES_PREFIX, COMMANDS_PREFIX):
        assert parse_record_key(prefix, record_key(prefix, AT)) == AT
    for odd in (
        "feed=rates/dt=2026-11-20.json",
        "rates/dt=2026-11-20/hour=07.json",
        "feed=rates/dt=2026-11-20/hour=07/x.json",
        "feed=dreams/dt=2026-11-20/hour=07.json",
        "feed=rates/dt=2026-11-20/hour=7.json",
        "feed=/dt=2026-11-20/hour=07.json",
    ):
        assert parse_record_key(FAILURES_PREFIX, FAILURES_PREFIX + odd) is None, odd
    assert not Command(1).accepts_missing
    wanted = WantedHour(AT)
    assert (wanted.version, wanted.forced, wanted.repair) == (0, False, False)


async def test_a_refused_hour_is_noted_with_its_reason(world: World, runner: Runner) -> None:
    world.glue.changes_staged = True
    await world.land()
    await runner.turn()
    (note,) = [
        stored.body for key, stored in world.bucket.objects.items() if "/refused/" in key
    ]
    assert note == b'{"reason": "staged differs"}'
    frozen = await freeze(world.parts, [WantedHour(AT)], code_version="dev", max_skew_ms=1000)
    assert frozen.manifest is not None
    assert frozen.manifest.hours[0].refused == 1
    assert await load_manifest(world.parts, frozen.manifest.batch_id) == frozen.manifest


async def test_a_table_is_crawled_for_again_after_a_minute_and_then_after_four(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    world.catalog.hidden = {"rates"}
    await world.land()
    crawls = []
    for _ in range(36):
        await runner.turn()
        crawls.append(world.catalog.crawls)
        clock.advance(10)
    changed = [at * 10 for at, (a, b) in enumerate(itertools.pairwise(crawls)) if a != b]
    assert crawls[0] == 1
    assert len(changed) == 2
    assert 50 <= changed[0] <= 70
    assert 290 <= changed[1] <= 340
    assert world.counted("alarms_total", reason="table_missing") > 0
