"""Takes each run from its seat to its end: a thread per run, a process per thread."""

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog

from local_cloud.bill import Bill, run_usd
from local_cloud.clients import Clients
from local_cloud.faults import Faults
from local_cloud.jobs import process, reason
from local_cloud.jobs import run as states
from local_cloud.jobs.run import JobRun
from local_cloud.jobs.slots import LOST, Slots
from local_cloud.jobs.spark import Install
from local_cloud.jobs.store import JobStore

log = structlog.get_logger(__name__)

STOP, CLOSE = "stop", "close"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a run needs from the cloud around it. Without an `install` there are no runs."""

    clients: Clients
    install: Install | None
    bill: Bill
    faults: Faults
    minute_s: float
    now: Callable[[], float]


class JobRunner:
    """Starts, stops and retries runs; `close` kills what is alive."""

    def __init__(self, desk: Slots, store: JobStore, around: Surroundings) -> None:
        self._desk = desk
        self._store = store
        self._around = around
        self._lock = threading.Lock()
        self._handles: dict[str, process.Handle] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._closed = False

    def start(self, run: JobRun, may_wait: bool) -> JobRun:
        """Accept a run and begin it, or queue it."""
        with self._lock:
            if self._closed:
                raise RuntimeError("the cloud is shutting down")
            run = self._desk.admit(run, may_wait)
            handle = process.Handle()
            self._handles[run.id] = handle
            thread = threading.Thread(target=self._live, args=(run.id, handle), daemon=True)
            self._threads[run.id] = thread
        thread.start()
        return run

    def stop(self, run_id: str) -> bool:
        """Kill a run; False if it has ended already."""
        waiting, now = frozenset({states.WAITING}), self._around.now()
        if self._desk.move(run_id, waiting, states.STOPPED, completed_on=now, detail=None):
            return True
        seated = frozenset({states.STARTING, states.RUNNING})
        if not self._desk.move(run_id, seated, states.STOPPING):
            return False
        with self._lock:
            handle = self._handles.get(run_id)
        if handle is not None:
            handle.kill(STOP)
        return True

    def close(self, within_s: float) -> None:
        """Kill every run and wait for the threads, `within_s` seconds at most."""
        with self._lock:
            self._closed = True
            handles, threads = dict(self._handles), list(self._threads.values())
        for run in self._desk.alive():
            if run.state == states.WAITING:
                self._end(run.id, states.FAILED, LOST)
        for handle in handles.values():
            handle.kill(CLOSE)
        deadline = time.monotonic() + within_s
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _live(self, run_id: str, handle: process.Handle) -> None:
        try:
            if self._desk.wait_seat(run_id):
                self._work(run_id, handle)
        except Exception as error:
            # A bug of ours must show as a failed run, never as one that runs for ever.
            log.exception("run_broke", run_id=run_id)
            self._end(run_id, states.FAILED, f"Internal error of the local cloud: {error}")
        finally:
            with self._lock:
                self._handles.pop(run_id, None)
                self._threads.pop(run_id, None)
        self._retry(run_id)

    def _work(self, run_id: str, handle: process.Handle) -> None:
        run, install = self._desk.get(run_id), self._around.install
        assert run is not None, "a seated run is on the desk"
        assert install is not None, "nothing is seated without Spark"
        folder = self._store.folder(run_id)
        try:
            self._slow_start(handle)
            place = process.prepare(run, folder, install, self._around.clients)
        except process.LaunchError as error:
            self._end(run_id, states.FAILED, str(error))
            return
        code = self._run(run, handle, place)
        self._judge(run_id, handle, code)
        process.tidy(folder)

    def _run(self, run: JobRun, handle: process.Handle, place: process.Workplace) -> int | None:
        """The process from start to end, on the clock and on the bill; its exit code."""
        began = time.monotonic()
        if not handle.start(place):
            return None
        self._desk.move(run.id, frozenset({states.STARTING}), states.RUNNING)
        code = handle.wait(run.timeout_min * self._around.minute_s)
        seconds = time.monotonic() - began
        self._desk.change(run.id, execution_s=math.ceil(seconds))
        dpu_seconds, usd = run_usd(run.dpu, seconds)
        self._around.bill.charge("glue", "job DPU-seconds", dpu_seconds, usd)
        return code

    def _slow_start(self, handle: process.Handle) -> None:
        fault = self._around.faults.draw("glue:RunStart")
        if fault is None:
            return
        handle.cancelled.wait(fault.delay_ms / 1000)
        if fault.code is not None:
            raise process.LaunchError(f"{fault.code}: {fault.message}")

    def _judge(self, run_id: str, handle: process.Handle, code: int | None) -> None:
        """The end of a run: only an exit with 0 is a success."""
        if code == 0:
            self._end(run_id, states.SUCCEEDED, None)
        elif handle.killed_for == STOP:
            self._end(run_id, states.STOPPED, None)
        elif handle.killed_for == CLOSE:
            self._end(run_id, states.FAILED, LOST)
        elif code is None:
            self._end(run_id, states.TIMEOUT, "Job run exceeded its timeout and was killed.")
        else:
            stderr = process.tail(self._store.folder(run_id) / process.STDERR)
            self._end(run_id, states.FAILED, reason.failure(code, stderr))

    def _end(self, run_id: str, state: str, error: str | None) -> None:
        run = self._desk.change(
            run_id, state=state, error=error, detail=None, completed_on=self._around.now()
        )
        log.info(
            "run_ended", run_id=run_id, job=run.job, state=run.state, seconds=run.execution_s
        )

    def _retry(self, run_id: str) -> None:
        """Glue's MaxRetries: a failed run is followed by one that says which it follows.

        (Glue API, JobRun: Attempt, PreviousRunId.)
        """
        run = self._desk.get(run_id)
        if (
            run is None
            or run.state != states.FAILED
            or run.attempt >= run.retries
            or self._closed
        ):
            return
        now, attempt = self._around.now(), run.attempt + 1
        again = replace(
            run,
            id=f"{run.id.split('_attempt_')[0]}_attempt_{attempt}",
            state=states.STARTING,
            attempt=attempt,
            previous=run.id,
            started_on=now,
            modified_on=now,
            completed_on=None,
            execution_s=0,
            error=None,
        )
        self.start(again, may_wait=True)
