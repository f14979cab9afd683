"""What all pages share: may a page be asked now, and how long to wait after what came of it."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from coinlake import logs
from coinlake.backoff import Backoff
from ingestor.adapters.journal import Journal
from ingestor.core.entries import Outcome
from ingestor.core.gaps import Cause
from ingestor.core.gates import KeyGate, PageGate, retry_after_ms
from ingestor.core.page import Page
from ingestor.core.usable import Reason
from ingestor.loop.asking import Reply
from ingestor.loop.budget import Budget

log = logs.get(__name__)


@dataclass(slots=True)
class Patience:
    """How long to wait after a failure: full jitter, never less than the API asked for."""

    backoff: Backoff
    rng: random.Random = field(default_factory=random.SystemRandom)

    def wait_ms(self, failures: int, retry_after: str | None, now_ms: int) -> int:
        """The wait after so many failures before this one."""
        asked_ms = retry_after_ms(retry_after, now_ms) or 0
        return max(asked_ms, int(self.backoff.delay_s(failures, self.rng) * 1_000))


class Doors:
    """The reasons not to ask, in the order in which people can do something about them."""

    def __init__(
        self,
        key: KeyGate,
        budget: Budget,
        journal: Journal,
        answer_bytes: int,
        patience: Patience,
        wall_ms: Callable[[], int],
    ) -> None:
        self.key = key
        self.wall_ms = wall_ms
        self._budget = budget
        self._journal = journal
        self._answer_bytes = answer_bytes
        self._patience = patience

    @property
    def spool_is_full(self) -> bool:
        """Whether answers to all pages might no longer fit: then nothing is asked."""
        return self._journal.room_bytes < self._answer_bytes

    def closed(self, page: Page, gate: PageGate) -> Cause | None:
        """Why a page may not be asked now. None uses up the probe of a refused key."""
        now_ms = self.wall_ms()
        if self.spool_is_full:
            return Cause.SPOOL_FULL
        if not self._budget.can_afford(page):
            return Cause.CREDITS
        return gate.closed(now_ms) or self.key.closed(now_ms)

    def after(self, gate: PageGate, reply: Reply) -> int | None:
        """Take note of a reply; when the same tick may be tried again, in ms, or never."""
        now_ms = self.wall_ms()
        if reply.reason is Reason.KEY_REFUSED:
            if self.key.refuse(now_ms):
                log.error("key_refused", next_probe_s=self.key.probe_ms // 1_000)
            return None
        if reply.outcome is Outcome.USABLE and self.key.accept():
            log.info("key_accepted")
        if not reply.again:
            gate.worked()
            return None
        until_ms = self.failed(gate, reply.retry_after)
        if reply.reason is Reason.RATE_LIMITED:
            self.key.limit(until_ms)
        return until_ms

    def failed(self, gate: PageGate, retry_after: str | None = None) -> int:
        """Note one more failure of a page; when it may be tried again, in ms."""
        now_ms = self.wall_ms()
        wait_ms = self._patience.wait_ms(gate.failures, retry_after, now_ms)
        gate.failed(now_ms, wait_ms)
        return now_ms + wait_ms
