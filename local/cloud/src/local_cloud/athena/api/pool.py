"""Worker threads that take executions from QUEUED to their end."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

from local_cloud.athena.api.executions import (
    CANCELLED,
    FAILED,
    FINAL,
    QUEUED,
    RUNNING,
    SUCCEEDED,
    History,
    QueryExecution,
)
from local_cloud.athena.api.runner import StatementRunner
from local_cloud.athena.engines.engine import PreparedQuery
from local_cloud.athena.sql.failures import CutoffError, QueryError
from local_cloud.athena.storage.lake import Meter
from local_cloud.bill import Bill, query_usd

WORKERS = 4
# How long StopQueryExecution waits for the engine to give up.
STOP_WAIT_S = 2.0
_INTERRUPT_EVERY_S = 0.05


@dataclass(slots=True)
class Live:
    """A query that has not ended: its meter, its running answer, and its end."""

    meter: Meter
    answer: PreparedQuery | None = None
    done: Event = field(default_factory=Event)

    def stop_until_done(self) -> None:
        """Interrupt the engine again and again: one between two statements would be lost."""
        while not self.done.wait(_INTERRUPT_EVERY_S):
            answer = self.answer
            if answer is not None:
                answer.cancel()


class Pool:
    """Runs executions; one thread each, `WORKERS` at once, the others wait QUEUED."""

    def __init__(
        self,
        runner: StatementRunner,
        history: History,
        bill: Bill,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._runner, self._history, self._bill, self._clock = runner, history, bill, clock
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="athena")
        self._live: dict[str, Live] = {}
        self._lock = Lock()

    def submit(self, one: QueryExecution, limit: int | None) -> None:
        with self._lock:
            if one.id in self._live or one.state in FINAL:
                return
            live = self._live[one.id] = Live(Meter(limit))
        self._threads.submit(self._work, one, live)

    @property
    def active(self) -> int:
        """Queries that are queued or running."""
        return len(self._live)

    def stop(self, one: QueryExecution) -> None:
        """Cancel; returns when the engine has stopped, or after `STOP_WAIT_S`.

        The engine is stopped after that too: a query that is still planned then must not run.
        """
        with self._lock:
            live = self._live.get(one.id)
            if live is None:
                return
            if not live.meter.stopped.is_set():
                live.meter.stopped.set()
                Thread(
                    target=live.stop_until_done, name=f"athena-stop-{one.id}", daemon=True
                ).start()
        live.done.wait(STOP_WAIT_S)

    def close(self) -> None:
        """Stop everything; no new work is taken."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for id_ in list(self._live):
            one = self._history.find(id_)
            if one is not None:
                self.stop(one)
        self._threads.shutdown(wait=True)

    def _work(self, one: QueryExecution, live: Live) -> None:
        began = self._clock()
        one.queue_ms = _ms(began - one.submitted)
        try:
            if live.meter.stopped.is_set():
                self._end(one, live, CANCELLED, "Query was cancelled while queued")
                return
            one.state = RUNNING
            self._history.save(one)
            self._attempt(one, live, began)
        finally:
            with self._lock:
                self._live.pop(one.id, None)
            live.done.set()

    def _attempt(self, one: QueryExecution, live: Live, began: float) -> None:
        def started(answer: PreparedQuery) -> None:
            live.answer = answer

        try:
            self._runner.run(one, live.meter, started)
        except CutoffError as error:
            self._finish(one, live, began, CANCELLED, str(error))
        except QueryError as error:
            self._failed(one, live, began, error)
        except Exception as error:  # the worker is the edge: every end of a query is a state
            said = f"{type(error).__name__}: {error}"
            self._failed(one, live, began, QueryError("GENERIC_INTERNAL_ERROR", said, 1, 200))
        else:
            self._finish(one, live, began, SUCCEEDED, "")
        finally:
            answer, live.answer = live.answer, None
            if answer is not None:
                answer.close()

    def _failed(self, one: QueryExecution, live: Live, began: float, error: QueryError) -> None:
        if live.meter.stopped.is_set():
            self._finish(one, live, began, CANCELLED, "Query was cancelled by user")
            return
        one.error = {
            "ErrorCategory": error.category,
            "ErrorType": error.error_type,
            "Retryable": error.retryable,
            "ErrorMessage": str(error),
        }
        self._finish(one, live, began, FAILED, str(error))

    def _finish(
        self, one: QueryExecution, live: Live, began: float, state: str, why: str
    ) -> None:
        one.engine_ms = _ms(self._clock() - began)
        self._end(one, live, state, why)

    def _end(self, one: QueryExecution, live: Live, state: str, why: str) -> None:
        one.completed = self._clock()
        one.total_ms = _ms(one.completed - one.submitted)
        one.scanned = live.meter.scanned
        one.tables = sorted(live.meter.tables)
        one.reason = why
        if one.statement == "DML" or one.scanned:
            self._charge(one, state)
        # The state last: whoever sees it sees the whole.
        one.state = state
        self._history.save(one)

    def _charge(self, one: QueryExecution, state: str) -> None:
        """Per started megabyte with a floor; failed queries and those never begun are free.

        (Amazon Athena pricing.)
        """
        if state == FAILED or (state == CANCELLED and one.state == QUEUED):
            return
        billed, usd = query_usd(one.scanned)
        self._bill.charge("athena", "bytes_scanned_billed", billed, usd)


def _ms(seconds: float) -> int:
    return max(0, round(seconds * 1000))
