"""Spark dies under a runner: F43 in mid-write, F47 in its commit, F56 under a crawler; F46 bookmarks."""

import pytest

from tests.faults.etl_runner.conftest import Batch, Fault, Worlds
from tests.labs.runners.glue import (
    crawling,
    job_script,
    job_settings,
    kill_run,
    runs,
    schemas,
    slowed,
    slowed_calls,
)
from tests.labs.runners.lake import put_back
from tests.labs.runners.process import ForkedRunner
from tests.labs.runners.scripts import (
    ENTRY,
    IN_PLACE,
    WITH_BOOKMARK,
    WITH_COMMIT,
    WITHOUT_COMMIT,
)
from tests.labs.runners.world import FEED, World, answer

pytestmark = [pytest.mark.full_size, pytest.mark.timeout(1200)]
SPARK_S = 600


def _healed(world: World, runner: ForkedRunner) -> None:
    runner.until(lambda: world.is_settled(runner), SPARK_S)
    runner.end()


@pytest.mark.parametrize("what", ["jvm", "script", "timeout"])
def test_f43_f56_spark_that_dies_in_mid_write_under_a_crawler_leaves_no_partial_hour(
    batch: Batch, fault: Fault, what: str
) -> None:
    """Kill Spark mid-write; Timeout=1 min: no partial rows visible at any moment; a **continuous** reader
    polls the count during the run. A crawl during it: no type flip; catalog diff before/after."""
    world = batch.world
    put_back(world.lake, batch.start)
    before, known = schemas(world.lake), {run["Id"] for run in runs(world.lake)}
    minutes = {"Timeout": 1} if what == "timeout" else {}

    with job_script(world.lake, ENTRY), world.read() as seen, crawling(world.lake) as crawls:
        with (
            slowed(
                world.lake,
                "s3:PutObject",
                "staging/",
                90 if minutes else 5,
                outlives=True,
            ),
            job_settings(world.lake, **minutes),
            world.runner() as runner,
        ):
            runner.until(lambda: slowed_calls(world.lake), SPARK_S)
            (run,) = [run for run in runs(world.lake) if run["Id"] not in known]
            if not minutes:
                runner.until(lambda: world.lake.keys("staging/"))
                kill_run(run, what)
            runner.until(lambda: _state(world, run["Id"]) in {"FAILED", "TIMEOUT"}, 120)
            runner.end()
        with world.runner() as heir:
            _healed(world, heir)

    assert _state(world, run["Id"]) == ("TIMEOUT" if minutes else "FAILED")
    assert world.faults(world.now(), seen) == []
    assert (schemas(world.lake), crawls.failed) == (before, [])
    assert crawls.succeeded > 2
    fault("F43, F56", f"{what} in mid-write: whole hours at {seen[0].looks} looks, all along")


def _state(world: World, run_id: str) -> str:
    return next(str(run["JobRunState"]) for run in runs(world.lake) if run["Id"] == run_id)


def test_f43_control_a_job_that_writes_in_place_shows_a_part_of_an_hour(batch: Batch) -> None:
    world = batch.world
    put_back(world.lake, batch.start)

    with (
        job_script(world.lake, IN_PLACE),
        slowed(world.lake, "s3:PutObject", "curated/", 3),
        world.read() as seen,
        world.runner() as runner,
    ):
        runner.until(lambda: world.partial(seen), SPARK_S)
        kill_run(runs(world.lake)[0], "script")
        runner.until(lambda: not world.is_running())
        runner.end()

    assert world.partial(seen) != []


@pytest.mark.parametrize("what", ["jvm", "script"])
def test_f47_spark_that_dies_in_its_commit_has_committed_or_not(
    batch: Batch, fault: Fault, what: str
) -> None:
    """kill -9 executor then driver in job commit: the put of the result, which is the run's commit."""
    world = batch.world
    put_back(world.lake, batch.start)

    with job_script(world.lake, ENTRY), world.read() as seen:
        with slowed(world.lake, "s3:PutObject", "batches/", 6), world.runner() as runner:
            # Manifest and intent are put there too, before.
            runner.until(lambda: slowed_calls(world.lake) == 3, SPARK_S)
            run = runs(world.lake)[0]
            kill_run(run, what)
            runner.until(lambda: _state(world, run["Id"]) == "FAILED", 120)
        with world.runner() as heir:
            _healed(world, heir)

    assert world.faults(world.now(), seen) == []
    fault("F47", f"{what} killed as the result was put: the tables are an undisturbed batch's")


def test_f46_no_bookmark_decides_what_is_read(worlds: Worlds, fault: Fault) -> None:
    """Drop job.commit; rename transformation_ctx: the ledger is unaffected (manifest-driven).
    **Control**: a job that reads what came since its last run; its counts are refused."""
    world = worlds({"07": [0, 2, 4], "08": [0, 2]})
    done, refused = world.hours
    lake = world.lake
    for hour in world.hours:
        lake.land(FEED, hour, [answer("1.5", hour)])

    with world.read() as seen:
        with job_script(lake, WITH_COMMIT), world.runner() as runner:
            runner.until(lambda: all(lake.ledger(FEED, hour) for hour in world.hours), SPARK_S)
            runner.end()
        lake.land(FEED, done, [answer("1.6", done)])
        with job_script(lake, WITHOUT_COMMIT), world.runner() as runner:
            runner.until(lambda: len(lake.ledger(FEED, done)) == 2, SPARK_S)
            runner.end()
        lake.land(FEED, refused, [answer("1.6", refused)])
        with job_script(lake, WITH_BOOKMARK), world.runner() as runner:
            runner.until(lambda: runner.hour(FEED, refused).get("failures"), SPARK_S)
            said = runner.hour(FEED, refused)["message"]
            runner.end()

    found = world.now()
    assert [len(found[hour].rows[FEED]) for hour in world.hours] == [4, 2]
    assert [found[hour].versions for hour in world.hours] == [[1, 2], [1]]
    assert "counts do not add up" in said
    assert world.partial(seen) == []
    fault(
        "F46", f"with Job.commit, without, under another name: all rows; a bookmark's: {said}"
    )
