"""One attempt: ask for a page, judge the answer, journal it. Then it counts as answered."""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from coinlake import logs
from coinlake.contracts.answers import Judgement, RejectReason, judge
from coinlake.contracts.headers import AnswerHeaders
from coinlake.contracts.topics import REJECTED
from ingestor.adapters.journal import Journal
from ingestor.core.credits import price
from ingestor.core.entries import Outgoing, TickMark, TickOutcome
from ingestor.core.page import Page
from ingestor.core.ports import Api, ApiAnswer, Call, NoAnswerError
from ingestor.core.schedule import Tick
from ingestor.loop.budget import Budget
from ingestor.loop.clock import Clock
from ingestor.loop.stamps import Stamps
from ingestor.metrics import IngestorMetrics

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class Terms:
    """What is asked, how it is judged, and what is said of it.

    `max_skew_ms`: an answer's timestamp against our receive time.
    """

    base_url: str
    source: str
    max_skew_ms: int
    new_id: Callable[[int], str]
    """Random lower-case hex of that many bytes."""

    def traceparent(self) -> str:
        """A new W3C trace context, sampled."""
        return f"00-{self.new_id(16)}-{self.new_id(8)}-01"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of an attempt. `again`: the same tick may be tried again after a wait."""

    outcome: TickOutcome
    reason: RejectReason | None = None
    answer: ApiAnswer | None = None
    again: bool = False


class PollAttempt:
    """Asks for pages. Nothing is asked that is not paid for, nothing is kept that is not judged."""

    def __init__(
        self,
        api: Api,
        journal: Journal,
        budget: Budget,
        terms: Terms,
        stamps: Stamps,
        clock: Clock,
        metrics: IngestorMetrics,
    ) -> None:
        self._api = api
        self._journal = journal
        self._budget = budget
        self._terms = terms
        self._stamps = stamps
        self._clock = clock
        self._metrics = metrics

    async def ask(self, page: Page, tick: Tick, tick_id: str | None = None) -> Reply:
        """One attempt for one tick, which has a name that its pages share. Raises TransientError where the
        disk refuses the result, NoCreditsError where nothing is left to pay with."""
        reserved = await self._budget.reserve(page)
        poll_id = self._terms.new_id(16)
        call, asked_ms = Call(), self._clock.steady_ms()
        try:
            answer = await self._api.get(page.url(self._terms.base_url), call)
        except NoAnswerError as error:
            self._charge(page, reserved, call, error)
            return await self._failed(page, tick, error)
        except asyncio.CancelledError:
            self._budget.settle(reserved, reserved if call.was_sent else 0)
            raise
        self._clock.answered(answer.date_ms, asked_ms)
        with self._stamps.received() as received_at_ms:
            judgement = judge(
                page.feed.element,
                answer.status,
                answer.body,
                self._clock.believable_ms(),
                self._terms.max_skew_ms,
            )
            self._budget.settle(reserved, price(len(answer.body)))
            if judgement.reason is None:
                # What an error costs says nothing of what an answer does.
                self._budget.learn(page, price(len(answer.body)))
            took_ms = self._clock.steady_ms() - asked_ms
            self._metrics.answered(page.feed.name, judgement, took_ms)
            poll = (poll_id, tick_id, received_at_ms, took_ms)
            return await self._answered(page, tick, answer, poll, judgement)

    def _charge(self, page: Page, reserved: int, call: Call, error: NoAnswerError) -> None:
        if error.kind == "unreachable" or not call.was_sent:
            self._budget.settle(reserved, 0)
            return
        # Nobody knows what the API charges for an answer that broke off: the full price.
        read = price(error.decoded_bytes)
        self._budget.settle(reserved, max(reserved, read))
        if error.kind == "too_large":
            self._budget.learn(page, read)

    async def _answered(
        self,
        page: Page,
        tick: Tick,
        answer: ApiAnswer,
        poll: tuple[str, str | None, int, int],
        judgement: Judgement,
    ) -> Reply:
        poll_id, tick_id, received_at_ms, took_ms = poll
        reason = judgement.reason
        headers = AnswerHeaders(
            poll_id=poll_id,
            # Counted back: the time may have been set since.
            requested_at_ms=received_at_ms - took_ms,
            received_at_ms=received_at_ms,
            status=answer.status,
            url=page.url(self._terms.base_url),
            sha256=hashlib.sha256(answer.body).hexdigest(),
            source=self._terms.source,
            traceparent=self._terms.traceparent(),
            reason=reason,
            tick_id=tick_id,
        )
        record = Outgoing(
            topic=page.feed.topic if reason is None else REJECTED,
            key=page.key.encode(),
            value=answer.body,
            headers=tuple(headers.encode()),
            timestamp_ms=received_at_ms,
        )
        outcome = TickOutcome.USABLE if reason is None else TickOutcome.REJECTED
        number = await self._journal.add(
            record, TickMark(page.feed.name, page.key, tick, outcome)
        )
        log.info(
            "answer_journaled",
            page=page.key,
            number=number,
            poll_id=poll_id,
            traceparent=headers.traceparent,
            status=answer.status,
            bytes=len(answer.body),
            reason=reason,
            oddities=[str(one) for one in judgement.oddities],
            took_ms=took_ms,
        )
        again = reason in (
            RejectReason.RATE_LIMITED,
            RejectReason.SERVER_ERROR,
            RejectReason.KEY_REFUSED,
        )
        return Reply(outcome, reason, answer, again)

    async def _failed(self, page: Page, tick: Tick, error: NoAnswerError) -> Reply:
        await self._journal.mark(TickMark(page.feed.name, page.key, tick, TickOutcome.FAILED))
        self._metrics.failed(page.feed.name, error.kind)
        log.warning("poll_failed", page=page.key, kind=error.kind, said=str(error))
        # What is too large or holds the key will be so again: wait for the next tick.
        again = error.kind not in ("too_large", "key_echoed")
        return Reply(TickOutcome.FAILED, again=again)
