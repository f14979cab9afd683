"""Answers that are right while the lake moves: asked again where an hour changed meanwhile.

A query starts from a view of the ledger that is in memory; a look that begins when it has ended
tells whether that view was still true (ADR 97). An answer from memory, or none (304), is given only
after a look that began when it was asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from coinlake.contracts.datasets import ASSETS
from coinlake.contracts.hours import Hour
from query_api.adapters.ledger import LedgerView
from query_api.core.answers import QueryResult
from query_api.core.coverage import Heads, dataset_version, last_closed, live_version, within
from query_api.core.days import Days
from query_api.core.etag import etag, matches
from query_api.core.problems import version_gone
from query_api.core.question import Question, Sharing
from query_api.core.statements import Statement
from query_api.loop.query_run import LakeSeen, QueryRun
from query_api.routes.asked import Asked
from query_api.routes.freshness import refuse_old
from query_api.routes.middleware import NotModifiedError
from query_api.routes.parts import ApiParts


@dataclass(frozen=True, slots=True)
class BoundedStatement:
    """A statement, the receive hours that it can read, and the most rows of its answer.

    `is_live`: it reads answers that are in no table yet, so that its rows change with every poll.
    """

    statement: Statement
    first: Hour
    last: Hour
    max_rows: int
    is_live: bool = False
    feed: str = ASSETS.name


@dataclass(frozen=True, slots=True)
class SteadyAnswer:
    """The rows, the view that they hold at least, and the version of what they are made from.

    `version_after` is that of a look after the query had ended; None where nobody could look.
    `tag` is None where there was nothing to ask. `is_kept`: no query was made for it.
    """

    view: LedgerView
    version: str
    result: QueryResult | None
    is_live: bool = False
    version_after: str | None = None
    tag: str | None = None
    is_kept: bool = False


Build = Callable[[Heads], BoundedStatement | None]
"""What to ask of the lake in this state; None where it holds nothing to ask."""


@dataclass(frozen=True, slots=True)
class _State:
    """The lake at one look, what is to be asked of it, and as which question."""

    lake: LakeSeen
    bounded: BoundedStatement | None
    question: Question | None


async def steady(
    parts: ApiParts,
    build: Build,
    days: Days | None = None,
    feed: str = ASSETS.name,
    asked: Asked | None = None,
) -> SteadyAnswer:
    """The answer, of one version: asked once more where its hours changed while the query ran.

    `days` are those that the range touches; None where only the newest hours can be in it.
    Raises ProblemError, NotModifiedError.
    """
    return await _Read(parts, build, days, feed, asked or Asked()).answer()


@dataclass(frozen=True, slots=True)
class _Read:
    parts: ApiParts
    build: Build
    days: Days | None
    feed: str
    asked: Asked

    async def answer(self) -> SteadyAnswer:
        state = await self._state(None)
        if self.asked.wants_other(state.lake.version):
            # The view may be a moment old: only the lake as it is now can refuse a version.
            state = await self._state(0)
        if self.asked.wants_other(state.lake.version):
            return self._as_it_was(state)
        if self._could_do_without_query(state):
            state = await self._state(0)
            if known := self._known(state):
                return known
        return await self._queried(state)

    async def _state(self, max_age_ms: int | None) -> _State:
        view = await self.parts.view((self.feed,), self.days, max_age_ms)
        bounded = self.build(view.heads)
        if bounded is None:
            return _State(LakeSeen(view, dataset_version({}, (self.feed,))), None, None)
        version = dataset_version(
            within(view.heads, bounded.first, bounded.last), (bounded.feed,)
        )
        sharing = Sharing.KEPT
        if bounded.is_live:
            after = last_closed(view.heads, bounded.feed)
            landed = await self.parts.landed(bounded.feed, after, max_age_ms)
            # Where more has landed than can be named, the answer is of no version that comes back.
            sharing = Sharing.RUNNING if landed is None else Sharing.KEPT
            version = live_version(version, landed)
        question = Question(
            bounded.statement, bounded.max_rows, version, sharing, self.asked.scopes
        )
        return _State(LakeSeen(view, version), bounded, question)

    def _could_do_without_query(self, state: _State) -> bool:
        """Whether a fresh look may save the query. Nothing published is an answer, too."""
        question = state.question
        return (
            question is None
            or self.asked.if_none_match is not None
            or self.parts.shared.kept(question) is not None
        )

    def _known(self, state: _State) -> SteadyAnswer | None:
        """The answer without a query, of a lake that was seen after it was asked for."""
        question, bounded = state.question, state.bounded
        if question is None or bounded is None:
            refuse_old(self.asked, self.parts.now_ms(), state.lake.view, (self.feed,))
            return SteadyAnswer(
                state.lake.view, state.lake.version, None, version_after=state.lake.version
            )
        if not (bounded.is_live and self.asked.max_age_s is not None):
            # How new live rows are is in the rows alone.
            refuse_old(self.asked, self.parts.now_ms(), state.lake.view, (bounded.feed,))
            self._refuse_same(question)
        kept = self.parts.shared.kept(question)
        if kept is None:
            return None
        made_s = (self.parts.now_ms() - kept.lake.view.at_ms) / 1000
        if not self.asked.takes_kept(made_s):
            return None
        self.parts.metrics.kept.labels("memory").inc()
        return self._told(state.lake, bounded, question, kept.result, is_kept=True)

    def _as_it_was(self, state: _State) -> SteadyAnswer:
        """The answer of the version that was asked for, while anybody has it."""
        if state.question is None or state.bounded is None:
            raise version_gone()
        question = replace(state.question, version=self.asked.as_of or "")
        kept = self.parts.shared.kept(question)
        if kept is None:
            raise version_gone()
        self.parts.metrics.kept.labels("memory").inc()
        return self._told(kept.lake, state.bounded, question, kept.result, is_kept=True)

    async def _queried(self, state: _State) -> SteadyAnswer:
        if state.question is None or state.bounded is None:
            return SteadyAnswer(state.lake.view, state.lake.version, None)
        run, result = await self._run(state.question)
        if run.is_steady and run.after is not None:
            return self._told(run.after, state.bounded, state.question, result)
        # What it read was published meanwhile, or the view was older than that.
        again = await self._state(0)
        if again.question is None or again.bounded is None:
            return SteadyAnswer(again.lake.view, again.lake.version, None)
        if self.asked.wants_other(again.lake.version):
            return self._as_it_was(again)
        second, second_result = await self._run(again.question)
        told = self._told(
            again.lake, again.bounded, again.question, second_result.after(result)
        )
        return replace(told, version_after=second.version_after)

    async def _run(self, question: Question) -> tuple[QueryRun, QueryResult]:
        if self.asked.wants_new:
            # Not a query of another day, which Athena would give for the same token.
            question = replace(question, sharing=Sharing.RUNNING)
        shared = self.parts.shared
        deadline_s = self.parts.settings.limits.typed_deadline_s
        with shared.held(
            question,
            deadline_s=deadline_s,
            payer=self.asked.payer,
            look_after=self._look_after,
        ) as run:
            return run, await self.parts.runs.attend(run)

    async def _look_after(self) -> LakeSeen:
        return (await self._state(0)).lake

    def _told(
        self,
        lake: LakeSeen,
        bounded: BoundedStatement,
        question: Question,
        result: QueryResult,
        *,
        is_kept: bool = False,
    ) -> SteadyAnswer:
        live = result.rows if bounded.is_live else None
        refuse_old(self.asked, self.parts.now_ms(), lake.view, (bounded.feed,), live)
        return SteadyAnswer(
            view=lake.view,
            version=question.version,
            result=result,
            is_live=bounded.is_live,
            version_after=lake.version,
            tag=self._refuse_same(question),
            is_kept=is_kept,
        )

    def _refuse_same(self, question: Question) -> str | None:
        """The tag of the answer. Raises NotModifiedError where the client has it already."""
        if question.sharing is Sharing.RUNNING:
            return None
        tag = etag(question, self.asked.representation)
        # A star is about whether anything is there, which the rows alone tell.
        given = self.asked.if_none_match
        if given is not None and given.strip() != "*" and matches(given, tag):
            self.parts.metrics.kept.labels("not_modified").inc()
            raise NotModifiedError(tag)
        return tag
