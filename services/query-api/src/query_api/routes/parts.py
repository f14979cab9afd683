"""The opened parts that the handlers work with."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from coinlake.contracts.datasets import TABULAR
from coinlake.errors import TransientError
from query_api.adapters.ledger import LedgerReader, LedgerView
from query_api.adapters.raw_zone import RawZone
from query_api.adapters.run_history import RunHistory
from query_api.config import Settings
from query_api.core.days import Days
from query_api.core.ports import StatementGuard
from query_api.core.problems import unavailable
from query_api.loop.runs import QueryRuns
from query_api.loop.sharing import SharedQueries
from query_api.metrics import QueryApiMetrics


@dataclass(frozen=True, slots=True)
class LakeLooks:
    """What tells of the lake without a query. `trouble`: why Athena is not fine, as last seen."""

    raw: RawZone
    history: RunHistory
    trouble: Callable[[], str | None]


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
    looks: LakeLooks | None = None

    @property
    def lake(self) -> LakeLooks:
        """Raises ValueError where it was not opened: whoever only lists the routes asks nothing."""
        if self.looks is None:
            raise ValueError("the looks at the lake were not opened")
        return self.looks

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
