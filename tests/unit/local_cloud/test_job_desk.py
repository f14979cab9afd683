"""Seats and states of runs. The store is a real one in a temporary folder."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from local_cloud.errors import AwsError
from local_cloud.jobs import run as states
from local_cloud.jobs.run import JobRun, capacity
from local_cloud.jobs.slots import Slots
from local_cloud.jobs.store import JobStore


def ticking() -> Callable[[], float]:
    ticks = iter(range(1, 1000))
    return lambda: float(next(ticks))


RUN = JobRun(
    id="jr_1",
    job="j",
    state=states.STARTING,
    started_on=1.0,
    modified_on=1.0,
    script="s3://b/s.py",
    arguments={},
    resolved={},
    shape={},
    dpu=2.0,
    timeout_min=5,
    retries=0,
    limit=1,
)


def test_a_seat_is_free_only_some_time_after_the_end(tmp_path: Path) -> None:
    desk = Slots(JobStore(tmp_path), slot_release_s=1000, now=ticking())
    desk.admit(RUN, may_wait=False)
    desk.change("jr_1", state=states.SUCCEEDED)

    with pytest.raises(AwsError) as caught:
        desk.admit(replace(RUN, id="jr_2", started_on=2.0), may_wait=False)

    assert caught.value.code == "ConcurrentRunsExceededException"


def test_a_run_that_waits_takes_the_seat_when_it_is_free(tmp_path: Path) -> None:
    desk = Slots(JobStore(tmp_path), slot_release_s=0, now=ticking())
    desk.admit(RUN, may_wait=False)
    waiting = desk.admit(replace(RUN, id="jr_2", started_on=2.0), may_wait=True)
    desk.change("jr_1", state=states.FAILED)

    seated = desk.wait_seat("jr_2")

    after = desk.get("jr_2")
    assert waiting.state == states.WAITING
    assert seated
    assert after is not None
    assert after.state == states.STARTING


def test_nobody_overtakes_a_run_that_waits(tmp_path: Path) -> None:
    desk = Slots(JobStore(tmp_path), slot_release_s=0, now=ticking())
    desk.admit(RUN, may_wait=False)
    desk.admit(replace(RUN, id="jr_2", started_on=2.0), may_wait=True)
    desk.change("jr_1", state=states.FAILED)

    with pytest.raises(AwsError):
        desk.admit(replace(RUN, id="jr_3", started_on=3.0), may_wait=False)


def test_a_run_that_has_ended_stays_as_it_is(tmp_path: Path) -> None:
    desk = Slots(JobStore(tmp_path), slot_release_s=0, now=ticking())
    desk.admit(RUN, may_wait=False)
    desk.change("jr_1", state=states.STOPPED)

    after = desk.change("jr_1", state=states.SUCCEEDED)

    assert after.state == states.STOPPED


def test_runs_that_were_alive_are_failed_after_a_restart(tmp_path: Path) -> None:
    Slots(JobStore(tmp_path), slot_release_s=0, now=ticking()).admit(RUN, may_wait=False)

    run = Slots(JobStore(tmp_path), slot_release_s=0, now=ticking()).get("jr_1")

    assert run is not None
    assert run.state == states.FAILED
    assert "local cloud ended" in str(run.error)


def test_two_small_workers_are_two_dpu() -> None:
    assert capacity({"WorkerType": "G.1X", "NumberOfWorkers": 2}) == 2.0
    assert capacity({"MaxCapacity": 3.0}) == 3.0
    assert capacity({}) == 10.0


@pytest.mark.parametrize(
    "spec",
    [
        {"WorkerType": "G.1X", "NumberOfWorkers": 1},
        {"WorkerType": "G.025X", "NumberOfWorkers": 2},
        {"WorkerType": "G.1X", "NumberOfWorkers": 2, "MaxCapacity": 2.0},
    ],
)
def test_sizes_that_glue_refuses_are_refused(spec: dict[str, object]) -> None:
    with pytest.raises(AwsError):
        capacity(spec)
