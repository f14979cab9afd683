"""A runner that comes back two versions later, with a PUT in hand: F45."""

import signal

import pytest

from coinlake.contracts.hours import Hour
from tests.faults.etl_runner.conftest import Batch, Fault
from tests.integration.etl_runner.conftest import until
from tests.labs.runners.calls import Call, Calls, Trap
from tests.labs.runners.lake import put_back
from tests.labs.runners.process import ForkedRunner
from tests.labs.runners.world import FEED, World, answer


def _late(world: World, hour: Hour) -> None:
    """An object that comes while a runner sleeps."""
    world.lake.land(FEED, hour, [answer("9.5", hour)])


@pytest.mark.full_size
@pytest.mark.timeout(900)
@pytest.mark.parametrize("is_defended", [True, False], ids=["defended", "control"])
@pytest.mark.parametrize("room", ["curated", "ledger"])
def test_f45_a_runner_that_slept_through_two_versions_replaces_nothing(
    batch: Batch, fault: Fault, is_defended: bool, room: str
) -> None:
    """Two runners: I6, one frozen with its PUT under way. **Control**: PUTs without a condition."""
    world = batch.world
    put_back(world.lake, batch.start)
    hour = next(iter(world.hours))
    world.lake.offsets[f"coincap.{FEED}.v1"] = 1_000  # the same object in each case
    name = {
        "curated": f"PUT curated/{FEED}/<new>/part-0.parquet",
        "ledger": f"PUT ledger/feed={FEED}/<new>/0000000001.json",
    }[room]
    sleeper: list[ForkedRunner] = []
    trap = Trap(Call(name), "before", lambda: sleeper[0].send(signal.SIGSTOP))
    calls = Calls(world.labels(), trap)

    with (
        world.read([hour]) as seen,
        world.runner(calls, without=None if is_defended else "conditions") as runner,
    ):
        sleeper.append(runner)
        runner.until(trap.sprung.is_set)
        with world.runner() as heir:
            heir.until(lambda: world.is_settled(heir))
            _late(world, hour)
            heir.until(lambda: len(world.lake.ledger(FEED, hour)) == 2, 400)
            heir.until(lambda: heir.hour(FEED, hour).get("state") == "clean")
            heir.end()
        two = world.lake.ledger(FEED, hour)
        looks = [one.looks for one in seen]
        until(lambda: all(one.looks > n for one, n in zip(seen, looks, strict=True)))
        passes = calls.passes
        runner.send(signal.SIGCONT)
        trap.release()
        runner.until(lambda: calls.passes > passes)
        runner.until(lambda: runner.hour(FEED, hour).get("state") == "clean", 400)
        runner.end()
        now = world.lake.ledger(FEED, hour)

    counts = [one.counts[hour] for one in seen]
    is_whole = now == two and all(count == [0, 4, 6] for count in counts)
    assert is_whole == is_defended, (counts, now)
    if is_defended:
        fault("F45", f"frozen before its PUT to {room}, two versions long: nothing is replaced")
