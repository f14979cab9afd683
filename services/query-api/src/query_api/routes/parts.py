"""The opened parts that the handlers work with."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from coinlake.errors import TransientError
from query_api.adapters.key_looks import KeyLooks
from query_api.adapters.ledger import LedgerReader, LedgerView
from query_api.adapters.raw_zone import RawZone
from query_api.adapters.run_history import RunHistory
from query_api.config import Settings
from query_api.core.days import Days
from query_api.core.ports import ByteEstimator, StatementGuard
from query_api.core.problems import unavailable
from query_api.loop.ledger_refresh import LedgerRefresh
from query_api.loop.runs import QueryRuns
from query_api.loop.sharing import SharedQueries
from query_api.loop.spending import Accounts
from query_api.metrics import QueryApiMetrics
from query_api.routes.result_pages import ResultPages
from query_api.routes.row_answers import RowAnswers


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
    accounts: Accounts
    estimator: ByteEstimator
    new_id: Callable[[], str]
    looks: KeyLooks
    refresh: LedgerRefresh
    answers: RowAnswers
    pages: ResultPages

    lake_looks: LakeLooks | None = None

    @property
    def lake(self) -> LakeLooks:
        """Raises ValueError where it was not opened: whoever only lists the routes asks nothing."""
        if self.lake_looks is None:
            raise ValueError("the looks at the lake were not opened")
        return self.lake_looks

    async def view(
        self,
        feeds: Iterable[str] = tuple(TABULAR),
        days: Days | None = None,
        max_age_ms: int | None = None,
    ) -> LedgerView:
        """The ledger, the newest days and `days`; a problem (503) while the bucket is away.

        Without `max_age_ms` as young as the settings ask, from memory while requests come.
        """
        if max_age_ms is None:
            self.refresh.asked(feeds)
        try:
            return await self.ledger.view(feeds, days, max_age_ms)
        except TransientError as error:
            raise unavailable("the ledger") from error

    async def landed(self, feed: str, after: Hour, max_age_ms: int | None = None) -> str | None:
        """The name of what has landed in the raw zone behind an hour; likewise."""
        try:
            return await self.looks.landed(feed, after, self._limit_ms(max_age_ms))
        except TransientError as error:
            raise unavailable("the raw zone") from error

    async def published(
        self, days: Mapping[str, Days], max_age_ms: int | None = None
    ) -> str | None:
        """The name of what is published in some days of some feeds; likewise."""
        try:
            return await self.looks.published(days, self._limit_ms(max_age_ms))
        except TransientError as error:
            raise unavailable("the ledger") from error

    def _limit_ms(self, max_age_ms: int | None) -> int:
        return int(self.settings.ledger_ttl_s * 1000) if max_age_ms is None else max_age_ms
