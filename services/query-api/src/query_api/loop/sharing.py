"""One query for all who ask the same: while it runs, and its answer for as long as it stands."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from query_api.core.answers import QueryResult
from query_api.core.question import Question, Sharing, fingerprint
from query_api.core.results import KeptResults, ResultLimits
from query_api.loop.query_run import LakeSeen, LookAfter, QueryRun
from query_api.loop.runs import QueryRuns
from query_api.metrics import QueryApiMetrics


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A finished answer with what it cost then, and the lake that it is of."""

    result: QueryResult
    lake: LakeSeen


class SharedQueries:
    """Queries by what they ask."""

    def __init__(self, runs: QueryRuns, metrics: QueryApiMetrics, limits: ResultLimits) -> None:
        self._runs = runs
        self._metrics = metrics
        self._running: dict[bytes, QueryRun] = {}
        self._kept: KeptResults[KeptAnswer] = KeptResults(limits)

    def kept(self, question: Question) -> KeptAnswer | None:
        """The finished answer to exactly this question, of exactly this version."""
        if question.sharing is not Sharing.KEPT:
            return None
        return self._kept.get(fingerprint(question))

    def take(
        self,
        question: Question,
        *,
        deadline_s: float,
        payer: str,
        look_after: LookAfter | None = None,
    ) -> QueryRun:
        """Hold a query that answers the question: one that runs, or a new one.

        Give it back with `QueryRuns.leave`. Raises ProblemError where the queue is full.
        """
        key = fingerprint(question)
        run = self._running.get(key)
        if question.sharing is not Sharing.ALONE and run is not None and not run.is_over:
            self._metrics.shared.inc()
            self._runs.hold(run)
            return run
        run = self._runs.submit(
            question,
            deadline_s=deadline_s,
            payer=payer,
            look_after=look_after,
            ended=self._ended,
        )
        if question.sharing is not Sharing.ALONE:
            self._running[key] = run
        return run

    @contextmanager
    def held(
        self, question: Question, *, deadline_s: float, payer: str, look_after: LookAfter
    ) -> Iterator[QueryRun]:
        """The same for the length of a block."""
        run = self.take(question, deadline_s=deadline_s, payer=payer, look_after=look_after)
        try:
            yield run
        finally:
            self._runs.leave(run)

    def _ended(self, run: QueryRun) -> None:
        key = fingerprint(run.question)
        if self._running.get(key) is run:
            del self._running[key]
        # Rows of a lake that moved meanwhile are of no version.
        if run.question.sharing is Sharing.KEPT and run.result and run.after and run.is_steady:
            size_bytes = run.result.rows.size_bytes + run.after.view.size_bytes
            self._kept.put(key, KeptAnswer(run.result, run.after), size_bytes)
