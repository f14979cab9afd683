"""One query for all who ask the same at the same time."""

from query_api.core.answers import QueryResult
from query_api.core.statements import Statement
from query_api.loop.query_run import QueryRun
from query_api.loop.runs import QueryRuns
from query_api.metrics import QueryApiMetrics


class SharedQueries:
    """Queries by what they ask, for as long as they run and somebody waits."""

    def __init__(self, runs: QueryRuns, metrics: QueryApiMetrics) -> None:
        self._runs = runs
        self._metrics = metrics
        self._shared: dict[object, QueryRun] = {}

    async def fetch(
        self, key: object, statement: Statement, *, max_rows: int, deadline_s: float
    ) -> QueryResult:
        """The rows of a query, shared by all who ask for `key` while it runs.

        When the last of them leaves, the query is stopped.
        """
        run = self._shared.get(key)
        if run is None or run.finished.is_set():
            run = self._runs.submit(statement, max_rows=max_rows, deadline_s=deadline_s)
            self._shared[key] = run
        else:
            self._metrics.shared.inc()
        try:
            return await self._runs.attend(run)
        finally:
            if self._shared.get(key) is run and (run.finished.is_set() or not run.waiters):
                del self._shared[key]
