"""Who may run: the runs of all jobs, their seats, and the queue for them."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from local_cloud.errors import AwsError
from local_cloud.jobs import run as states
from local_cloud.jobs.run import JobRun
from local_cloud.jobs.store import JobStore

# Glue retries to get resources for 15 minutes and fails the run then (developer guide, "AWS Glue
# job run statuses").
QUEUE_LIMIT_S = 900
LOST = "The local cloud ended while this run was alive; its process was killed."


class Slots:
    """Every change of a run goes through here and is on disk before anyone sees it."""

    def __init__(
        self, store: JobStore, slot_release_s: float, now: Callable[[], float]
    ) -> None:
        self._store = store
        self._slot_release_s = slot_release_s
        self._now = now
        self._changed = threading.Condition()
        self._runs: dict[str, JobRun] = {}
        # Runs that have ended but still hold their seat, and until when (monotonic).
        self._leaving: dict[str, float] = {}
        for run in store.runs():
            self._runs[run.id] = run
            if run.state in states.ALIVE:
                self.change(run.id, state=states.FAILED, error=LOST, completed_on=now())

    def admit(self, run: JobRun, may_wait: bool) -> JobRun:
        """Seat a new run, or let it wait; ConcurrentRunsExceededException if it may not."""
        with self._changed:
            if self._free_in_s(run) > 0 or self._ahead(run):
                if not may_wait:
                    raise AwsError(
                        "ConcurrentRunsExceededException",
                        f"Concurrent runs exceeded for {run.job}",
                    )
                detail = "Job run is queued: the job's maximum of concurrent runs is reached."
                run = replace(run, state=states.WAITING, detail=detail)
            self._store.put_run(run)
            self._runs[run.id] = run
            self._changed.notify_all()
            return run

    def wait_seat(self, run_id: str) -> bool:
        """Wait until a WAITING run has its seat (then it is STARTING); False if it ended."""
        deadline = time.monotonic() + QUEUE_LIMIT_S
        with self._changed:
            while (run := self._runs[run_id]).state == states.WAITING:
                left = deadline - time.monotonic()
                if left <= 0:
                    error = f"No capacity within {QUEUE_LIMIT_S} seconds."
                    self.change(
                        run_id, state=states.FAILED, error=error, completed_on=self._now()
                    )
                    return False
                free_in_s = self._free_in_s(run)
                if free_in_s == 0 and not self._ahead(run):
                    self.change(run_id, state=states.STARTING, detail=None)
                    return True
                self._changed.wait(min(left, free_in_s) if free_in_s else left)
            return run.state == states.STARTING

    def change(self, run_id: str, **changes: Any) -> JobRun:
        """Replace fields of a run, durably. A run that has ended stays as it is."""
        with self._changed:
            run = self._runs[run_id]
            if run.state not in states.ALIVE:
                return run
            run = replace(run, modified_on=self._now(), **changes)
            self._store.put_run(run)
            self._runs[run_id] = run
            if run.state not in states.ALIVE:
                self._leaving[run_id] = time.monotonic() + self._slot_release_s
            self._changed.notify_all()
            return run

    def move(self, run_id: str, before: frozenset[str], after: str, **changes: Any) -> bool:
        """Go to state `after` if the state is one of `before`; tell whether it was."""
        with self._changed:
            if self._runs[run_id].state not in before:
                return False
            self.change(run_id, state=after, **changes)
            return True

    def get(self, run_id: str) -> JobRun | None:
        """The run as it is now."""
        with self._changed:
            return self._runs.get(run_id)

    def of_job(self, job: str) -> list[JobRun]:
        """The runs of a job, newest first."""
        with self._changed:
            mine = [run for run in self._runs.values() if run.job == job]
        return sorted(mine, key=lambda run: run.started_on, reverse=True)

    def alive(self) -> list[JobRun]:
        """Every run that has not ended."""
        with self._changed:
            return [run for run in self._runs.values() if run.state in states.ALIVE]

    def _ahead(self, run: JobRun) -> bool:
        """Whether an older run of the job waits too."""
        return any(
            other.state == states.WAITING and other.id != run.id
            for other in self._runs.values()
            if other.job == run.job and other.started_on <= run.started_on
        )

    def _free_in_s(self, run: JobRun) -> float:
        """Seconds until a seat is free; 0 if one is, infinity-like if only an end frees one."""
        now = time.monotonic()
        self._leaving = {key: until for key, until in self._leaving.items() if until > now}
        mine = [other for other in self._runs.values() if other.job == run.job]
        seated = sum(other.state in states.SEATED for other in mine)
        leaving = sorted(self._leaving[other.id] for other in mine if other.id in self._leaving)
        over = seated + len(leaving) - run.limit
        if over < 0:
            return 0
        return leaving[over] - now if over < len(leaving) else QUEUE_LIMIT_S
