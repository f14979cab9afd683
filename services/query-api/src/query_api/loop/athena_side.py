"""The parts of the way through Athena, put together: gate, poller, tokens, one budget of calls each."""

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from query_api.core.call_rate import CallRate
from query_api.core.look_times import LookPace, LookTimes
from query_api.core.ports import SqlEngine
from query_api.loop.execution import ExecutionParts, QueryExecutor
from query_api.loop.insist import Insistence
from query_api.loop.poller import LookRates, open_poller
from query_api.loop.start_gate import StartGate
from query_api.loop.tokens import Tokens
from query_api.metrics import QueryApiMetrics

# Athena lets four seconds' worth of starts come at once, and two of looks (Athena user guide,
# "Service Quotas": 20 a second with a burst of 80; 100 with 200, and 20 with 40 of batches).
_START_BURST_S = 4
_POLL_BURST_S = 2


@dataclass(frozen=True, slots=True)
class ExecutionPace:
    """How often Athena is asked, how long stopping a query is tried, and the salt of tokens."""

    looks: LookPace
    poll_calls_per_s: float
    batch_calls_per_s: float
    start_calls_per_s: float
    stop_deadline_s: float
    token_salt: str = ""


@asynccontextmanager
async def open_executor(
    engine: SqlEngine,
    pace: ExecutionPace,
    metrics: QueryApiMetrics,
    new_id: Callable[[], str],
    now_ms: Callable[[], int],
) -> AsyncIterator[QueryExecutor]:
    """An executor whose poller turns while the context is open: close its runs first."""
    insistence = Insistence(metrics, random.Random())
    starts = _rate(pace.start_calls_per_s, _START_BURST_S)
    polls = LookRates(
        single=_rate(pace.poll_calls_per_s, _POLL_BURST_S),
        batch=_rate(pace.batch_calls_per_s, _POLL_BURST_S),
    )
    async with open_poller(engine, LookTimes(pace.looks), polls, insistence) as poller:
        parts = ExecutionParts(
            engine,
            StartGate(engine, starts, insistence),
            poller,
            Tokens(pace.token_salt, engine.where, new_id),
            insistence,
            now_ms,
        )
        yield QueryExecutor(parts, metrics, pace.stop_deadline_s)


def _rate(per_s: float, burst_s: float) -> CallRate:
    return CallRate(per_s, max(1, round(per_s * burst_s)))
