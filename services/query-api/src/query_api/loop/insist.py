"""A call to Athena until it is answered: the caller's deadline ends it."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from coinlake import logs
from coinlake.backoff import Backoff
from coinlake.errors import TransientError, Trouble
from query_api.core.engine_errors import NoSlotError
from query_api.metrics import QueryApiMetrics

log = logs.get(__name__)

_T = TypeVar("_T")
_BACKOFF = Backoff(base_s=0.2, cap_s=5.0)
_LEAST_S = 0.05


class Insistence:
    """Asks again while Athena is away or throttles, and counts its two throttles apart."""

    def __init__(self, metrics: QueryApiMetrics, rng: random.Random) -> None:
        self._metrics = metrics
        self._rng = rng

    async def answered(self, ask: Callable[[], Awaitable[_T]]) -> _T:
        """The answer. Raises what is no TransientError; NoSlotError too, since its wait is another."""
        attempt = 0
        while True:
            try:
                return await ask()
            except NoSlotError:
                raise
            except TransientError as error:
                self.note(error, attempt)
            await asyncio.sleep(self.delay_s(attempt))
            attempt += 1

    def note(self, error: TransientError, attempt: int) -> None:
        """Count and log an answer that was none."""
        if isinstance(error, NoSlotError):
            self._metrics.throttled.labels("concurrency").inc()
        elif error.trouble == Trouble.THROTTLED:
            self._metrics.throttled.labels("rate").inc()
        log.warning("athena_asked_again", attempt=attempt, reason=str(error))

    def delay_s(self, attempt: int) -> float:
        """How long to leave Athena alone after failure number `attempt` (from 0)."""
        return _LEAST_S + _BACKOFF.delay_s(attempt, self._rng)
