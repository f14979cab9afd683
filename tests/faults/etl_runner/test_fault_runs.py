"""Glue's answers to a runner: F41 no slot, F42 a lost reply, F44 a result unread, F48 a run that waits."""

from collections import Counter

import pytest

from coinlake.contracts.hours import Hour
from tests.faults.etl_runner.conftest import Batch, Fault, Worlds
from tests.labs.runners.calls import Call, Calls, Trap
from tests.labs.runners.glue import job_script, job_settings, runs, slot_taken, stop_active
from tests.labs.runners.lake import put_back
from tests.labs.runners.scripts import SLOW
from tests.labs.runners.world import FEED, World, answer

DEFENDED = pytest.mark.parametrize("is_defended", [True, False], ids=["defended", "control"])


def _events(log: str, event: str) -> int:
    return log.count(f'"event": "{event}"') + log.count(f'"event":"{event}"')


def _landed(world: World) -> list[Hour]:
    for hour in world.hours:
        world.lake.land(FEED, hour, [answer("1.5", hour)])
    return list(world.hours)


@pytest.mark.full_size
@pytest.mark.timeout(900)
@DEFENDED
def test_f41_without_a_free_slot_batches_wait_and_each_has_one_run(
    worlds: Worlds, fault: Fault, is_defended: bool
) -> None:
    """Emulator MaxConcurrentRuns=1, burst of batches: no batch lost or doubled. Oracle: run table vs
    manifests."""
    names = ("00", "01") if is_defended else ("02",)
    world = worlds({name: [0, 2] for name in names})
    hours = _landed(world)
    before = {run["Id"] for run in runs(world.lake)}
    settings = {"ETL_RUNNER_MAX_HOURS": "1", "ETL_RUNNER_PARK_AFTER": "2"}

    with (
        world.read() as seen,
        world.runner(without=None if is_defended else "busy", settings=settings) as runner,
    ):
        with slot_taken(world.lake):
            before |= {run["Id"] for run in runs(world.lake)}
            if not is_defended:
                runner.until(lambda: runner.hour(FEED, hours[0]).get("state") == "parked")
                return
            runner.until(lambda: _events(runner.log.read_text(), "no_slot_free") > 3)
            with world.runner(settings=settings) as other:
                other.until(lambda: _events(other.log.read_text(), "no_slot_free") > 3)
                other.end()
        runner.until(lambda: world.is_settled(runner), 400)
        failures = [runner.hour(FEED, hour)["failures"] for hour in hours]
        runner.end()

    found = world.now()
    made = [run for run in runs(world.lake) if run["Id"] not in before]
    batches = {world.lake.ledger(FEED, hour)[0].batch_id for hour in hours}
    assert failures == [0, 0]
    assert sorted(run["Arguments"]["--batch_id"] for run in made) == sorted(batches)
    assert [found[hour].versions for hour in hours] == [[1], [1]]
    assert [len(found[hour].rows[FEED]) for hour in hours] == [2, 2]
    assert world.partial(seen) == []
    fault("F41", f"{len(hours)} batches, one slot, taken at first: one run each, no failure")


@pytest.mark.timeout(600)
@pytest.mark.full_size
@DEFENDED
def test_f42_a_run_whose_start_nobody_heard_of_is_found_again(
    batch: Batch, fault: Fault, is_defended: bool
) -> None:
    """Apply StartJobRun, drop the reply: one effective run. Oracle: GetJobRuns by batch_id."""
    world = batch.world
    put_back(world.lake, batch.start)
    before = {run["Id"] for run in runs(world.lake)}
    trap = Trap(Call("Glue.StartJobRun"), "after", lambda: None, is_dropped=True)
    trap.release()

    with (
        job_script(world.lake, SLOW, ExecutionProperty={"MaxConcurrentRuns": 3}),
        world.read() as seen,
        world.runner(
            Calls(world.labels(), trap), without=None if is_defended else "found-again"
        ) as runner,
    ):
        runner.until(lambda: world.is_settled(runner))
        runner.end()

    made = [
        run["Arguments"]["--batch_id"] for run in runs(world.lake) if run["Id"] not in before
    ]
    published = {world.lake.ledger(FEED, hour)[-1].batch_id for hour in world.hours}
    assert trap.sprung.is_set()
    assert world.faults(world.now(), seen) == []
    # Without the rule the lost run works for nobody: its batch is run twice, or, where more hours
    # are due at the next try, another batch is made and the lost one's result is never read.
    assert (sorted(made) == sorted(published)) == is_defended, (made, published)
    if is_defended:
        fault("F42", "StartJobRun done, its reply lost: one run")


@pytest.mark.timeout(600)
@pytest.mark.full_size
@DEFENDED
def test_f44_a_result_that_is_there_is_read_and_not_made_again(
    batch: Batch, fault: Fault, is_defended: bool
) -> None:
    """Kill the runner between SUCCEEDED and note: a re-run changes no checksum."""
    world = batch.world
    put_back(world.lake, batch.start)
    before = {run["Id"] for run in runs(world.lake)}
    trap = Trap(
        Call("GET batches/<batch>/result.json", 2), "before", lambda: None, is_dropped=True
    )

    with world.read() as seen:
        with world.runner(Calls(world.labels(), trap)) as victim:
            victim.until(trap.sprung.is_set)
            victim.killed()
        with world.runner(without=None if is_defended else "result-first") as heir:
            heir.until(lambda: world.is_settled(heir))
            heir.end()

    # Of one batch: on a busy machine the victim may have begun with one of the two hours.
    made = Counter(
        run["Arguments"]["--batch_id"] for run in runs(world.lake) if run["Id"] not in before
    )
    assert world.faults(world.now(), seen) == []
    assert (max(made.values()) == 1) == is_defended, made
    if is_defended:
        fault("F44", "killed with the result unread: its heir reads it, one run")


@pytest.mark.full_size
@pytest.mark.timeout(900)
@DEFENDED
def test_f48_a_run_that_waits_for_ever_is_cancelled_and_tried_again(
    worlds: Worlds, fault: Fault, is_defended: bool
) -> None:
    """Run stays WAITING: cancel, retry, alarm. Oracle: state timeline."""
    world = worlds({"05" if is_defended else "06": [0, 2]})
    (hour,) = _landed(world)
    before = {run["Id"] for run in runs(world.lake)}

    with world.read() as seen:
        with (
            slot_taken(world.lake),
            job_settings(world.lake, JobRunQueuingEnabled=True),
            world.runner(
                without=None if is_defended else "deadline",
                settings={
                    "ETL_RUNNER_RUN_DEADLINE_S": "2",
                    "ETL_RUNNER_PARK_AFTER": "100",
                },
            ) as runner,
        ):
            runner.until(lambda: _events(runner.log.read_text(), "run_too_long"))
            if is_defended:
                runner.until(lambda: len(_states(world, before)) > 1)
            states = _states(world, before)
            runner.end()
            stop_active(world.lake)
        if not is_defended:
            assert states == ["WAITING"]
            return
        with world.runner() as healed:
            healed.until(lambda: world.is_settled(healed), 400)
            healed.end()

    assert set(states[1:]) == {"STOPPED"}, states
    assert [len(world.now()[hour].rows[FEED]), world.now()[hour].versions] == [2, [1]]
    assert world.partial(seen) == []
    fault("F48", "WAITING, stopped at its deadline, tried again; published when a slot is free")


def _states(world: World, before: set[str]) -> list[str]:
    """States of the runs since then, newest first; the one that takes the slot is RUNNING."""
    made = [run for run in runs(world.lake) if run["Id"] not in before]
    return [run["JobRunState"] for run in made if run["Arguments"]["--batch_id"] != "another"]
