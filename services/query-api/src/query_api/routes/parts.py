"""The opened parts that the handlers work with."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from coinlake.contracts.datasets import TABULAR
from coinlake.errors import TransientError
from query_api.adapters.ledger import LedgerReader, LedgerView
from query_api.config import Settings
from query_api.core.days import Days
from query_api.core.ports import ByteEstimator, StatementGuard
from query_api.core.problems import unavailable
from query_api.loop.runs import QueryRuns
from query_api.loop.sharing import SharedQueries
from query_api.loop.spending import Accounts
from query_api.metrics import QueryApiMetrics
from query_api.routes.result_pages import ResultPages
from query_api.routes.row_answers import RowAnswers


@dataclass(frozen=True, slots=True)
class ApiParts:
    """What app.py has opened for the handlers."""

    settings: Settings
    database: str
    runs: QueryRuns
    shared: SharedQueries
    ledger: LedgerReader
    guard: StatementGuard
    metrics: QueryApiMetrics
    now_ms: Callable[[], int]
    accounts: Accounts
    estimator: ByteEstimator
    answers: RowAnswers
    pages: ResultPages

    async def view(
        self,
        feeds: Iterable[str] = tuple(TABULAR),
        days: Days | None = None,
        max_age_ms: int | None = None,
    ) -> LedgerView:
        """The ledger now, the newest days and `days`; a problem (503) while the bucket is away."""
        try:
            return await self.ledger.view(feeds, days, max_age_ms)
        except TransientError as error:
            raise unavailable("the ledger") from error
