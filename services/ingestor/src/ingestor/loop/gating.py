"""What all pages share: may a page be asked now, and how long to wait after what came of it."""

import random
from dataclasses import dataclass, field

from coinlake import logs
from coinlake.backoff import Backoff
from coinlake.contracts.answers import RejectReason
from coinlake.contracts.missed_ticks import Cause
from ingestor.adapters.journal import Journal
from ingestor.core.entries import TickOutcome
from ingestor.core.gates import KeyGate, PageGate, retry_after_ms
from ingestor.core.page import Page
from ingestor.core.ports import ApiAnswer
from ingestor.loop.budget import Budget
from ingestor.loop.clock import Clock
from ingestor.loop.poll import Reply

log = logs.get(__name__)


@dataclass(slots=True)
class RetryDelay:
    """How long to wait after a failure: full jitter, never less than the API asked for."""

    backoff: Backoff
    rng: random.Random = field(default_factory=random.SystemRandom)

    def wait_ms(self, failures: int, asked_ms: int = 0) -> int:
        """The wait after so many failures before this one."""
        return max(asked_ms, int(self.backoff.delay_s(failures, self.rng) * 1_000))


class Gating:
    """The reasons not to ask, in the order in which people can do something about them."""

    def __init__(
        self,
        key: KeyGate,
        budget: Budget,
        journal: Journal,
        answer_bytes: int,
        retry_delay: RetryDelay,
        clock: Clock,
    ) -> None:
        self.key = key
        self.clock = clock
        self._budget = budget
        self._journal = journal
        self._answer_bytes = answer_bytes
        self._retry_delay = retry_delay
        left_ms = journal.progress.limited_until_ms - clock()
        key.still_limited(left_ms, clock.steady_ms())

    @property
    def spool_is_full(self) -> bool:
        """Whether answers to all pages might no longer fit: then nothing is asked."""
        return self._journal.room_bytes < self._answer_bytes

    @property
    def limited_ms(self) -> int:
        """How long all pages wait yet because the API said that it is too much."""
        return self.key.limited_ms(self.clock.steady_ms())

    def closed(self, page: Page, gate: PageGate) -> Cause | None:
        """Why a page may not be asked now. None uses up the probe of a refused key."""
        now_ms = self.clock.steady_ms()
        if self.spool_is_full:
            return Cause.SPOOL_FULL
        if not self._budget.can_afford(page):
            return Cause.CREDITS
        cause = gate.closed(now_ms)
        # A refused key is probed by whoever comes first: what the page was told is the same news.
        if cause is None or (cause is Cause.PAGE_REFUSED and self.key.refused):
            return self.key.closed(page.key, now_ms)
        return cause

    def after(self, page: Page, gate: PageGate, reply: Reply) -> int | None:
        """Take note of a reply; when the same tick may be tried again, in steady ms, or never."""
        if reply.reason is RejectReason.KEY_REFUSED:
            return self._refused(page, gate, reply.answer)
        if reply.outcome is TickOutcome.USABLE and self.key.accept():
            log.info("key_accepted", page=page.key)
        if not reply.again:
            if gate.is_refused:
                log.info("page_accepted", page=page.key)
            gate.worked()
            return None
        until_ms = self.failed(gate, reply.answer)
        if reply.reason is RejectReason.RATE_LIMITED:
            self._limited(page, until_ms)
        return until_ms

    def failed(self, gate: PageGate, answer: ApiAnswer | None = None) -> int:
        """Note one more failure of a page; when it may be tried again, in steady ms."""
        now_ms = self.clock.steady_ms()
        wait_ms = self._wait_ms(gate.failures, answer)
        gate.failed(now_ms, wait_ms)
        return now_ms + wait_ms

    def _wait_ms(self, failures: int, answer: ApiAnswer | None) -> int:
        """The wait that an answer asks for, by its own clock; never longer than to a probe."""
        asked_ms = None
        if answer is not None:
            said_at_ms = answer.date_ms if answer.date_ms is not None else self.clock()
            asked_ms = retry_after_ms(answer.retry_after, said_at_ms)
        return min(self._retry_delay.wait_ms(failures, asked_ms or 0), self.key.probe_ms)

    def _refused(self, page: Page, gate: PageGate, answer: ApiAnswer | None) -> int:
        now_ms = self.clock.steady_ms()
        soon_ms = self._wait_ms(gate.refusals, answer)
        wait_ms = gate.refused(now_ms, soon_ms, self.key.probe_ms)
        pause = self.key.refuse(page.key, now_ms)
        if pause.is_news:
            log.error("key_refused", page=page.key, next_probe_s=pause.ms // 1_000)
        elif not self.key.refused:
            log.warning(
                "page_refused", page=page.key, times=gate.refusals, next_look_s=wait_ms / 1_000
            )
        return now_ms + wait_ms

    def _limited(self, page: Page, until_ms: int) -> None:
        now_ms = self.clock.steady_ms()
        pause = self.key.limit(until_ms - now_ms, now_ms)
        if pause.is_news:
            log.warning(
                "rate_limited",
                page=page.key,
                page_waits_s=(until_ms - now_ms) / 1_000,
                all_wait_s=pause.ms / 1_000,
                said_twice=pause.for_all,
            )
        if self.limited_ms:
            # With the next entry of the journal: a restart asks no sooner.
            self._journal.progress.limited_until_ms = self.clock() + self.limited_ms
