"""One query from its submission to its end, as a value that its holders share."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from query_api.adapters.ledger import LedgerView
from query_api.core.answers import QueryResult
from query_api.core.problems import Problem, ProblemError, cancelled
from query_api.core.question import Question
from query_api.loop.spending import Payer


@dataclass(frozen=True, slots=True)
class LakeSeen:
    """A look at the ledger, and the version of what a question reads in it."""

    view: LedgerView
    version: str


LookAfter = Callable[[], Awaitable[LakeSeen]]
"""The lake once the query has ended. Raises ProblemError while the ledger is away."""


@dataclass(eq=False, slots=True)
class QueryRun:
    """One query. `finished` is set exactly when `result` or `problem` is.

    `payer` is who asked first, and is charged. `holders` are those who still want it: at none it
    is stopped. `after` is the lake after its end; None where nobody looked, or nobody could.
    """

    id: str
    question: Question
    deadline_s: float
    payer: str
    look_after: LookAfter | None = None
    state: str = "QUEUED"
    result: QueryResult | None = None
    problem: Problem | None = None
    after: LakeSeen | None = None
    scans: list[int] = field(default_factory=list)
    holders: int = 0
    is_stopping: bool = False
    is_kept: bool = False
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    paid: Payer | None = None
    began_s: float = field(default_factory=time.monotonic)

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or is being stopped: nobody new can share it."""
        return self.finished.is_set() or self.is_stopping

    @property
    def version_after(self) -> str | None:
        """The version that the look after its end saw."""
        return None if self.after is None else self.after.version

    @property
    def is_steady(self) -> bool:
        """Whether nothing that it reads was published meanwhile, as far as anybody knows."""
        return self.version_after == self.question.version


def finished_run(question: Question, result: QueryResult, lake: LakeSeen) -> QueryRun:
    """An answer that was there already, as a run that has ended."""
    run = QueryRun("", question, 0.0, "", state="SUCCEEDED", result=result, after=lake)
    run.is_kept = True
    run.finished.set()
    return run


def given_up(run: QueryRun) -> QueryRun:
    """The same run as somebody sees it who has cancelled it while others go on waiting."""
    mine = QueryRun(run.id, run.question, run.deadline_s, run.payer, state="CANCELLED")
    mine.problem = cancelled().problem
    mine.finished.set()
    return mine


def outcome(run: QueryRun) -> QueryResult:
    """The result of a finished run. Raises its ProblemError."""
    if run.problem is not None:
        raise ProblemError(run.problem)
    if run.result is None:
        raise RuntimeError("the run has not finished")
    return run.result
