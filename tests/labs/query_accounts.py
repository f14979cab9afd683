"""Accounts of the query service over the bucket in memory."""

from collections.abc import Callable

from coinlake.store import ObjectStore
from query_api.core.budget import Budget
from query_api.loop.spending import Accounts
from query_api.metrics import QueryApiMetrics
from tests.labs.bucket import store_in_memory

PLENTY = Budget(10**15, 10**15)
NOW_MS = 1_790_000_000_000


def accounts(
    metrics: QueryApiMetrics,
    budget: Budget = PLENTY,
    *,
    store: ObjectStore | None = None,
    now_ms: Callable[[], int] = lambda: NOW_MS,
) -> Accounts:
    """One process's accounts; `budget` is everybody's."""
    return Accounts(store or store_in_memory(), metrics, now_ms, (budget, budget))
