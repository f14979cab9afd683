"""Up to where raw objects are known without a gap, and which days a pass looks at."""

from dataclasses import replace

import pytest

from coinlake.contracts.batches import BatchHour, BatchInput
from coinlake.contracts.hours import Hour
from coinlake.testing import FakeClock
from etl_runner.core.hours import FeedHour
from etl_runner.core.plan import manifest
from etl_runner.core.trail import Mark, Trail
from etl_runner.loop.find import find
from etl_runner.loop.reconcile import _days
from tests.unit.etl_runner.runner import Runner
from tests.unit.etl_runner.world import HOUR, World

TOPIC = "coincap.rates.v1"
AT = FeedHour("rates", HOUR)


def known(trail: Trail, *partitions: int) -> int | None:
    return trail.complete_to_ms(TOPIC, partitions or (0,))


def test_a_new_topic_is_known_from_its_first_object_and_no_other() -> None:
    first, second = Trail(), Trail()
    first.heard(TOPIC, 0, 0, Mark(1, 5, 100))
    assert known(first) == 100
    second.heard(TOPIC, 0, 1, Mark(1, 5, 100))
    assert known(second) is None
    later = Trail()
    later.heard(TOPIC, 0, 0, Mark(2, 5, 100))
    assert known(later) is None


def test_a_lost_hint_stops_the_trail_until_it_or_a_listing_comes() -> None:
    trail = Trail()
    trail.heard(TOPIC, 0, 0, Mark(1, 5, 100))
    trail.heard(TOPIC, 0, 8, Mark(1, 9, 300))
    assert known(trail) == 100
    trail.heard(TOPIC, 0, 5, Mark(1, 8, 200))
    assert known(trail) == 300
    trail.heard(TOPIC, 0, 12, Mark(1, 15, 500))
    trail.pass_begins()
    trail.heard(TOPIC, 0, 20, Mark(1, 25, 900))
    trail.pass_ended()
    # What was known when the pass began is listed; what came meanwhile may have a gap before it.
    assert known(trail) == 500


def test_what_is_behind_the_known_end_is_not_kept() -> None:
    trail = Trail()
    trail.heard(TOPIC, 0, 0, Mark(1, 5, 100))
    for _ in range(3):
        trail.heard(TOPIC, 0, 2, Mark(1, 3, 50))
    assert trail._ahead[TOPIC, 0] == {}
    assert known(trail) == 100


def test_every_partition_counts_and_one_without_a_promise_ends_it() -> None:
    trail = Trail()
    trail.heard(TOPIC, 0, 0, Mark(1, 5, 100))
    assert known(trail, 0, 1) is None
    trail.heard(TOPIC, 1, 0, Mark(1, 5, None))
    assert known(trail, 0, 1) is None
    trail.heard(TOPIC, 1, 5, Mark(1, 6, 70))
    assert known(trail, 0, 1) == 70


@pytest.mark.parametrize(
    ("now", "days"),
    [
        (Hour("2026-11-22", "12"), ["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"]),
        (Hour("2026-11-22", "00"), ["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"]),
        (Hour("2026-11-22", "23"), ["2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23"]),
        (Hour("2026-12-01", "00"), ["2026-11-29", "2026-11-30", "2026-12-01", "2026-12-02"]),
    ],
)
def test_the_days_of_a_pass(now: Hour, days: list[str]) -> None:
    assert sorted(_days(now.start_ms)) == days


async def test_an_hour_whose_objects_went_before_it_was_made_is_dirty_no_more(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    key = await world.land()
    await runner.reconcile.run(runner.now_ms())
    assert runner.hours.get(AT).dirty
    del world.bucket.objects[key]
    clock.advance(60)
    await runner.reconcile.run(runner.now_ms())
    assert not runner.hours.get(AT).dirty
    assert not await runner.turn()


async def test_what_is_found_has_lost_its_raw_objects_unless_that_is_accepted(
    world: World, runner: Runner
) -> None:
    await world.land()
    key = await world.land()
    await runner.turn()
    del world.bucket.objects[key]
    (found,) = await find(world.parts, "rates", HOUR.dt)
    (accepted,) = await find(world.parts, "rates", HOUR.dt, accepts_missing=lambda _: True)
    assert found.trouble is not None
    assert (found.trouble.reason, found.dirty) == ("raw_vanished", False)
    assert (accepted.trouble, accepted.dirty) == (None, True)


async def test_an_hour_waits_with_the_words_for_a_table_that_no_crawl_brought(
    world: World, runner: Runner
) -> None:
    world.catalog.hidden = {"rates"}
    await world.land()
    await runner.turn()
    reason = runner.hours.get(AT).wait.reason
    assert reason == "table rates is not in the catalog, and no crawl brought it"


def test_the_name_of_a_batch_is_what_it_always_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over an upgrade of the runner too: a batch that was begun is found again by its name. Only
    another version of the job gives it another."""
    monkeypatch.setattr("etl_runner.core.plan.JOB_VERSION", 1)
    inputs = (BatchInput("raw/a", "e1", 10), BatchInput("raw/b", "e2", 20))
    hour = BatchHour("rates", "2026-11-20", "07", 3, (), inputs)
    names = [
        manifest([hour], "dev", 1000).batch_id,
        manifest([replace(hour, valueless=("raw/c",))], "other", 1000).batch_id,
        manifest([replace(hour, inputs=inputs[::-1])], "dev", 1000).batch_id,
        manifest([replace(hour, refused=1)], "dev", 1000).batch_id,
        manifest([hour], "dev", 1001).batch_id,
    ]
    assert names[0] == names[1] == GOLDEN
    assert len(set(names)) == 4


GOLDEN = "7e0bf8b089c7097056cff3c435e79200"
