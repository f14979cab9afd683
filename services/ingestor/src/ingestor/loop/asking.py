"""One attempt: ask for a page, judge the answer, journal it. Then it counts as answered."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from coinlake import logs
from coinlake.contracts.headers import AnswerHeaders
from coinlake.contracts.topics import REJECTED
from ingestor.adapters.coincap import Answer, Api, NoAnswerError
from ingestor.adapters.journal import Journal
from ingestor.core.credits import price
from ingestor.core.entries import Outcome, Outgoing, TickMark
from ingestor.core.page import Page
from ingestor.core.promises import FloorClock
from ingestor.core.schedule import Tick
from ingestor.core.usable import Reason, Rules, judge
from ingestor.loop.budget import Budget
from ingestor.metrics import IngestorMetrics

log = logs.get(__name__)


class Stamps:
    """Receive times: never below a promise, and held until the answer has its journal entry."""

    def __init__(self, clock: FloorClock) -> None:
        self.clock = clock
        self._held: dict[int, int] = {}
        self._numbers = count()

    @contextmanager
    def received(self) -> Iterator[int]:
        """The receive time of an answer; heartbeats promise nothing beyond it inside."""
        number = next(self._numbers)
        self._held[number] = self.clock()
        try:
            yield self._held[number]
        finally:
            del self._held[number]

    def held_ms(self) -> tuple[int, ...]:
        """Receive times of answers that are not in the journal yet."""
        return tuple(self._held.values())


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked, how it is judged, and what is said of it."""

    base_url: str
    source: str
    rules: Rules
    new_id: Callable[[int], str]
    """Random lower-case hex of that many bytes."""

    def traceparent(self) -> str:
        """A new W3C trace context, sampled."""
        return f"00-{self.new_id(16)}-{self.new_id(8)}-01"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of an attempt. `again`: the same tick may be tried again after a wait."""

    outcome: Outcome
    reason: Reason | None = None
    retry_after: str | None = None
    again: bool = False


class Asker:
    """Asks for pages. Nothing is asked that is not paid for, nothing is kept that is not judged."""

    def __init__(
        self,
        api: Api,
        journal: Journal,
        budget: Budget,
        terms: Terms,
        stamps: Stamps,
        metrics: IngestorMetrics,
    ) -> None:
        self._api = api
        self._journal = journal
        self._budget = budget
        self._terms = terms
        self._stamps = stamps
        self._metrics = metrics

    async def ask(self, page: Page, tick: Tick) -> Reply:
        """One attempt for one tick. Raises TransientError where the disk refuses the result."""
        reserved = await self._budget.reserve(page)
        poll_id = self._terms.new_id(16)
        requested_at_ms = self._stamps.clock()
        try:
            answer = await self._api.get(page.url(self._terms.base_url))
        except NoAnswerError as error:
            # Nobody knows what the API charges for an answer that broke off: the full price.
            cost = (
                0 if error.kind == "unreachable" else max(reserved, price(error.decoded_bytes))
            )
            self._budget.settle(page, reserved, cost)
            return await self._failed(page, tick, error)
        with self._stamps.received() as received_at_ms:
            self._budget.settle(page, reserved, price(len(answer.body)))
            return await self._answered(
                page, tick, answer, (poll_id, requested_at_ms, received_at_ms)
            )

    async def _answered(
        self, page: Page, tick: Tick, answer: Answer, poll: tuple[str, int, int]
    ) -> Reply:
        poll_id, requested_at_ms, received_at_ms = poll
        reason = judge(
            page.feed.name, answer.status, answer.body, received_at_ms, self._terms.rules
        )
        headers = AnswerHeaders(
            poll_id=poll_id,
            requested_at_ms=requested_at_ms,
            received_at_ms=received_at_ms,
            status=answer.status,
            url=page.url(self._terms.base_url),
            sha256=hashlib.sha256(answer.body).hexdigest(),
            source=self._terms.source,
            traceparent=self._terms.traceparent(),
            reason=reason,
        )
        record = Outgoing(
            topic=page.feed.topic if reason is None else REJECTED,
            key=page.key.encode(),
            value=answer.body,
            headers=tuple(headers.encode()),
            timestamp_ms=received_at_ms,
        )
        outcome = Outcome.USABLE if reason is None else Outcome.REJECTED
        number = await self._journal.add(
            record, TickMark(page.feed.name, page.key, tick, outcome)
        )
        self._metrics.answered(page.feed.name, reason, received_at_ms - requested_at_ms)
        log.info(
            "answer_journaled",
            page=page.key,
            number=number,
            poll_id=poll_id,
            traceparent=headers.traceparent,
            status=answer.status,
            bytes=len(answer.body),
            reason=reason,
            took_ms=received_at_ms - requested_at_ms,
        )
        again = reason in (Reason.RATE_LIMITED, Reason.SERVER_ERROR)
        return Reply(outcome, reason, answer.retry_after, again)

    async def _failed(self, page: Page, tick: Tick, error: NoAnswerError) -> Reply:
        await self._journal.mark(TickMark(page.feed.name, page.key, tick, Outcome.FAILED))
        self._metrics.failed(page.feed.name, error.kind)
        log.warning("poll_failed", page=page.key, kind=error.kind, said=str(error))
        # What is too large or holds the key will be so again: wait for the next tick.
        again = error.kind not in ("too_large", "key_echoed")
        return Reply(Outcome.FAILED, again=again)
