"""One odd thing stops nothing else, nothing waits for ever, and what cannot be mended is told."""

import json

import pytest

from coinlake.contracts.announcements import Landed, parse_landed, parse_published
from coinlake.contracts.hours import Hour
from coinlake.testing import FakeClock
from etl_runner.core import batch
from etl_runner.core.hours import FeedHour
from etl_runner.core.records import COMMANDS_PREFIX, FAILURES_PREFIX, record_key
from tests.labs.bucket import Stored
from tests.unit.etl_runner.runner import Runner
from tests.unit.etl_runner.world import HOUR, World

AT = FeedHour("rates", HOUR)
OTHER = FeedHour("markets", HOUR)


def aside(runner: Runner, hour: FeedHour = AT) -> str:
    return runner.hours.get(hour).aside or ""


# ---- a good hour and another's trouble --------------------------------------------------------


async def test_a_good_hour_is_committed_beside_one_whose_counts_do_not_hold(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    """Killed in that moment, too: the result of both is still there for the heir."""
    await world.land("rates")
    await world.land("markets")
    world.glue.miscounts = {"markets"}
    world.catalog.hidden = {"rates"}
    await runner.turn()
    assert world.ledger("rates") == []

    world.catalog.hidden, world.glue.miscounts = set(), set()
    heir = Runner(world, clock)
    clock.advance(600)
    for _ in range(4):
        await heir.turn()
        clock.advance(600)

    assert len(world.ledger("rates")) == len(world.ledger("markets")) == 1


async def test_a_table_that_no_crawl_brings_holds_up_its_own_hours_alone(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land("rates")
    await world.land("markets")
    world.catalog.hidden = {"rates_quarantine"}

    for _ in range(10):
        await runner.turn()
        clock.advance(1)

    assert len(world.ledger("markets")) == 1
    assert world.ledger("rates") == []
    # A crawl costs more than a run: not one in each turn.
    assert world.catalog.crawls == 1
    assert world.counted("alarms_total", reason="table_missing") >= 1
    world.catalog.hidden = set()
    clock.advance(3600)
    await runner.turn()
    assert len(world.ledger("rates")) == 1


async def test_a_column_that_no_crawl_brings_is_told_and_holds_up_nothing(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land()
    await runner.turn()
    world.catalog.lacks_for_ever = "currency_symbol"

    for _ in range(5):
        await world.land()
        await runner.turn()
        clock.advance(1)

    assert len(world.ledger()) == 6
    assert world.catalog.crawls == 2
    assert world.counted("alarms_total", reason="column_missing") >= 5


async def test_a_manifest_or_a_result_that_cannot_be_read_costs_a_name_and_no_hour(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land()
    world.glue.stays = "FAILED"
    await runner.turn()
    (manifest,) = [key for key in world.bucket.objects if key.endswith("/manifest.json")]
    world.bucket.objects[manifest] = Stored(b"graffiti", "g", {})
    world.glue.stays = None
    clock.advance(600)
    await runner.turn()
    assert len(world.ledger()) == 1

    await world.land()
    world.glue.writes_graffiti = True
    await runner.turn()
    world.glue.writes_graffiti = False
    clock.advance(600)
    await runner.turn()
    assert len(world.ledger()) == 2


@pytest.mark.parametrize(
    "odd",
    [
        b"",
        b"null",
        b"[]",
        b"[" * 100_000,
        b'"text"',
        b"\xff",
        b'{"key": "k"}',
        *(
            json.dumps(
                json.loads(
                    Landed("k", "e", 1, "t", "2026-11-20", "07", 0, 0, 0, 1, 1, 5).encode()
                )
                | change
            ).encode()
            for change in (
                {"values": "many"},
                {"values": True},
                {"partition": None},
                {"partition": 1.5},
                {"topic": 5},
                {"key": None},
                {"complete_to_ms": "soon"},
                {"dt": 20261120},
                {"hour": "7"},
                {"hour": "24"},
                {"dt": "2026-02-30"},
            )
        ),
    ],
)
def test_what_is_no_announcement_is_said_to_be_none(odd: bytes) -> None:
    for parse in (parse_landed, parse_published):
        with pytest.raises(ValueError, match="not an announcement"):
            parse(odd)


def test_an_announcement_of_a_later_version_may_say_more() -> None:
    said = Landed("k", "e", 1, "t", "2026-11-20", "07", 0, 0, 0, 1, 1, None)
    more = json.dumps(json.loads(said.encode()) | {"colour": "blue"}).encode()

    assert parse_landed(more) == said


# ---- nothing waits for ever -------------------------------------------------------------------


async def test_after_an_outage_of_glue_every_hour_comes_back_by_itself(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    hours = [Hour("2026-11-20", f"{n:02}") for n in range(6)]
    for hour in hours:
        await world.land(hour=hour)
    world.glue.fails_with = "the region is on fire"
    for _ in range(40):
        await runner.turn()
        clock.advance(120)
    assert world.ledger(hour=hours[0]) == []

    world.glue.fails_with = None
    for _ in range(60):
        await runner.turn()
        clock.advance(120)

    assert [len(world.ledger(hour=hour)) for hour in hours] == [1] * 6


async def test_failures_and_commands_outlive_the_process(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land()
    world.glue.fails_with = "cheese"
    for _ in range(12):
        await runner.turn()
        clock.advance(120)
    parked = runner.hours.get(AT).failure
    assert parked.is_parked
    assert record_key(FAILURES_PREFIX, AT) in world.bucket.objects

    heir = Runner(world, clock)
    runs = len(world.glue.runs)
    await heir.turn()
    assert heir.hours.get(AT).failure == parked
    assert len(world.glue.runs) == runs

    assert await heir.commands.rebuild(AT)
    assert record_key(COMMANDS_PREFIX, AT) in world.bucket.objects
    world.glue.fails_with = None
    last = Runner(world, clock)
    await last.turn()
    assert len(world.ledger()) == 1
    assert not [key for key in world.bucket.objects if key.startswith("runner/")]


async def test_a_record_that_is_none_is_told_and_stops_nothing(
    world: World, runner: Runner
) -> None:
    await world.land()
    for key in (record_key(FAILURES_PREFIX, AT), record_key(COMMANDS_PREFIX, AT), "runner/x"):
        for body in (b"graffiti", b"[]", b'{"version": "7"}'):
            await world.store.put(key, body)

    await runner.turn()

    assert len(world.ledger()) == 1
    assert world.counted("alarms_total", reason="record_unreadable") == 3


async def test_a_run_that_does_not_stop_is_left_to_itself(
    world: World, clock: FakeClock
) -> None:
    runner = Runner(world, clock, deadline_s=-1)
    await world.land()
    world.glue.stays, world.glue.never_stops = "RUNNING", True

    await runner.turn()

    assert world.glue.runs[0].state == "STOPPING"
    assert "does not stop" in (runner.hours.get(AT).failure.message or "")


async def test_an_hour_that_is_too_large_costs_no_run(
    world: World, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch, "MAX_HOUR_BYTES", 5)
    await world.land(body=b"sixsix")
    await world.land("markets", body=b"five5")

    for _ in range(5):
        await runner.turn()

    assert len(world.glue.runs) == len(world.ledger("markets")) == 1
    assert "bytes of raw objects" in aside(runner)
    assert world.counted("alarms_total", reason="hour_too_large") >= 1


async def test_a_refused_start_leaves_nothing_behind(world: World, runner: Runner) -> None:
    await world.land()
    world.glue.busy = 3
    for _ in range(3):
        with pytest.raises(Exception, match="ConcurrentRuns"):
            await runner.turn()

    assert not [key for key in world.bucket.objects if "/intents/" in key]
