"""One query from its submission to its end, as a value that its waiters share."""

import asyncio
import time
from dataclasses import dataclass, field

from query_api.core.answers import QueryResult
from query_api.core.problems import Problem, ProblemError
from query_api.core.statements import Statement
from query_api.loop.spending import Payer


@dataclass(eq=False, slots=True)
class QueryRun:
    """One query. `finished` is set exactly when `result` or `problem` is."""

    id: str
    statement: Statement
    max_rows: int
    deadline_s: float
    payer: Payer
    state: str = "QUEUED"
    result: QueryResult | None = None
    problem: Problem | None = None
    scans: list[int] = field(default_factory=list)
    waiters: int = 0
    finished: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None
    began_s: float = field(default_factory=time.monotonic)


def outcome(run: QueryRun) -> QueryResult:
    """The result of a finished run. Raises its ProblemError."""
    if run.problem is not None:
        raise ProblemError(run.problem)
    if run.result is None:
        raise RuntimeError("the run has not finished")
    return run.result
