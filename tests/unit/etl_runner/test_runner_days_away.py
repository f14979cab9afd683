"""Passes in which some days cannot be listed: the others are, and the rest is gone on with."""

from collections.abc import AsyncIterator

import pytest

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.raw_layout import topic_prefix
from coinlake.errors import TransientError
from coinlake.store import Listed
from coinlake.testing import FakeClock
from etl_runner.loop import reconcile
from tests.unit.etl_runner.runner import Runner
from tests.unit.etl_runner.world import HOUR, World

EVERY_MS = 900_000
FEEDS = list(TABULAR)


class Away:
    """Prefixes that cannot be listed, for so many times each; what was listed, in its order."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.times: dict[str, int] = {}
        self.listed: list[str] = []
        self._list = world.store.list
        monkeypatch.setattr(world.store, "list", self._listing)

    async def _listing(
        self, prefix: str, start_after: str | None = None
    ) -> AsyncIterator[Listed]:
        self.listed.append(prefix)
        for away, left in self.times.items():
            if left and prefix.startswith(away):
                self.times[away] = left - 1
                raise TransientError(f"LIST {prefix}: 503")
        async for one in self._list(prefix, start_after):
            yield one

    def raw_days(self) -> list[str]:
        return [one for one in self.listed if one.startswith("raw/")]


@pytest.fixture
def away(world: World, monkeypatch: pytest.MonkeyPatch) -> Away:
    return Away(world, monkeypatch)


async def interrupted(runner: Runner) -> None:
    """A pass, or the rest of one, that cannot be ended."""
    with pytest.raises(TransientError, match="503"):
        await runner.reconcile.run(runner.now_ms(), EVERY_MS)


def raw_of(feed: str) -> str:
    return topic_prefix(TABULAR[feed].topic)


async def test_a_day_that_cannot_be_listed_once_costs_no_pass(
    runner: Runner, away: Away
) -> None:
    await runner.reconcile.run(runner.now_ms(), EVERY_MS)
    days = len(away.raw_days())
    away.listed.clear()
    away.times = {raw_of(feed): 1 for feed in FEEDS[::2]}

    await runner.reconcile.run(runner.now_ms(), EVERY_MS)

    assert len(away.raw_days()) == days + len(FEEDS[::2])
    assert len(set(away.raw_days())) == days


async def test_a_feed_that_is_refused_for_ever_stops_no_other(
    world: World, runner: Runner, away: Away
) -> None:
    away.times = {raw_of(FEEDS[0]): 10**9}
    await world.land(feed=FEEDS[-1])

    await interrupted(runner)

    assert [hour.feed for hour, _ in runner.hours.open()] == [FEEDS[-1]]
    # Once where it stands, and once more where nothing else is left.
    assert len([one for one in away.raw_days() if one.startswith(raw_of(FEEDS[0]))]) == 2 * 4


async def test_the_rest_of_a_pass_is_asked_for_and_nothing_else(
    runner: Runner, away: Away, clock: FakeClock
) -> None:
    away.times = {raw_of(FEEDS[0]): 10**9}
    await interrupted(runner)
    away.listed.clear()
    clock.advance(30)

    await interrupted(runner)
    assert {one.rsplit("dt=")[0] for one in away.raw_days()} == {raw_of(FEEDS[0])}

    away.times.clear()
    away.listed.clear()
    await runner.reconcile.run(runner.now_ms(), EVERY_MS)
    assert {one.rsplit("dt=")[0] for one in away.raw_days()} == {raw_of(FEEDS[0])}


async def test_what_could_not_be_listed_is_no_day_that_is_known(
    runner: Runner, away: Away
) -> None:
    away.times = {raw_of(FEEDS[0]): 10**9}
    await interrupted(runner)

    assert len(runner.reconcile.unlisted(FEEDS[0])) == 4
    assert runner.reconcile.unlisted(FEEDS[1]) == set()

    away.times.clear()
    await runner.reconcile.run(runner.now_ms(), EVERY_MS)
    assert runner.reconcile.unlisted(FEEDS[0]) == set()


async def test_where_the_pass_is_due_again_it_begins_anew(
    runner: Runner, away: Away, clock: FakeClock
) -> None:
    away.times = {raw_of(FEEDS[0]): 10**9}
    await interrupted(runner)
    away.listed.clear()
    clock.advance(900)

    await interrupted(runner)

    assert {one.rsplit("dt=")[0] for one in away.raw_days()} == {raw_of(feed) for feed in FEEDS}


async def test_a_store_that_is_away_is_asked_a_few_times(runner: Runner, away: Away) -> None:
    away.times = {"ledger/": 10**9}

    await interrupted(runner)

    assert len([one for one in away.listed if one.startswith("ledger/")]) == 4


async def test_control_without_other_days_first_one_stops_all(
    world: World, runner: Runner, away: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconcile, "_MOST_FAILURES", 1)
    away.times = {raw_of(FEEDS[0]): 10**9}
    await world.land(feed=FEEDS[-1])

    await interrupted(runner)

    assert list(runner.hours.open()) == []


async def test_a_partition_found_by_an_interrupted_pass_is_known_with_the_next_one(
    world: World, runner: Runner, away: Away, clock: FakeClock
) -> None:
    def known_to(feed: str) -> int | None:
        return runner.hours.trail.complete_to_ms(TABULAR[feed].topic, [0])

    await world.land(feed=FEEDS[0], complete_to_ms=5000)
    away.times = {raw_of(FEEDS[1]): 10**9}
    await interrupted(runner)
    away.times.clear()

    await runner.reconcile.run(runner.now_ms(), EVERY_MS)
    assert known_to(FEEDS[0]) is None

    await world.land(feed=FEEDS[2], complete_to_ms=7000)
    clock.advance(900)
    await runner.reconcile.run(runner.now_ms(), EVERY_MS)
    assert (known_to(FEEDS[0]), known_to(FEEDS[2])) == (5000, 7000)


async def test_older_days_are_unlisted_until_their_pass(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land()
    clock.advance(10 * 86_400)

    await runner.reconcile.run(runner.now_ms(), EVERY_MS)

    assert runner.reconcile.unlisted(FEEDS[0]) == set()


async def test_an_older_day_that_could_not_be_listed_stays_unlisted(
    world: World, runner: Runner, away: Away, clock: FakeClock
) -> None:
    await world.land()
    clock.advance(10 * 86_400)
    old = f"{raw_of('rates')}dt={HOUR.dt}"
    away.times = {old: 10**9}

    await interrupted(runner)
    clock.advance(900)
    away.times.clear()
    await runner.reconcile.run(runner.now_ms(), EVERY_MS)

    assert runner.reconcile.unlisted("rates") == {HOUR.dt}
