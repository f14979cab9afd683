"""Ad-hoc SQL: POST runs it, GET fetches it, DELETE cancels it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from aiohttp import web

from coinlake.contracts.datasets import ELEMENTS, TABLES, dataset_of_table
from coinlake.errors import TransientError
from query_api.adapters.ledger import LedgerView
from query_api.core.estimate import Estimate
from query_api.core.guard import Checked
from query_api.core.negotiation import Format
from query_api.core.ports import SqlEngine
from query_api.core.problems import (
    ProblemError,
    RefusedSqlError,
    busy,
    not_found,
    unavailable,
)
from query_api.core.query_operations import (
    CURSOR,
    DRY_RUN,
    delete_query,
    get_query,
    page_parameter,
    post_query,
    wait_parameter,
)
from query_api.core.statements import Statement
from query_api.core.window import rfc3339
from query_api.loop.audit import refused
from query_api.loop.in_hand import out_of_hand
from query_api.loop.query_run import QueryRun, given_up
from query_api.loop.spending import PAYER
from query_api.routes.answer_meta import answer_meta
from query_api.routes.asked import asked_of
from query_api.routes.dry_run import dry_run, estimated_meta, paying
from query_api.routes.formats import OFFER
from query_api.routes.middleware import CALLER
from query_api.routes.parameters import read
from query_api.routes.parts import ApiParts
from query_api.routes.query_answers import PageAsk, QueryAnswers
from query_api.routes.responses import json_answer
from query_api.routes.route import Route, in_each_form
from query_api.routes.sql_ask import PAGE_ROWS, Ask, asked_sql
from query_api.routes.sql_reads import SqlRead


@dataclass(frozen=True, slots=True)
class KeptQuery:
    """A query that its caller can come back for."""

    id: str
    run: QueryRun
    caller: str
    feeds: tuple[str, ...]
    view: LedgerView
    asked_at_s: float
    max_rows: int
    estimate: Estimate | None


class QueryRoutes:
    """Handlers of scope `sql`. Ids are random and known to their caller alone."""

    def __init__(
        self, parts: ApiParts, engine: SqlEngine, clock: Callable[[], float], secret: bytes
    ) -> None:
        self._parts = parts
        self._answers = QueryAnswers(parts.answers, parts.pages, engine, secret)
        self._clock = clock
        self._kept: dict[str, KeptQuery] = {}
        limits = parts.settings.limits
        self._wait = wait_parameter(limits.max_wait_s)
        self._most = page_parameter(limits.max_result_rows)
        self._post = post_query(limits.max_wait_s, limits.max_result_rows)
        self._get, self._delete = get_query(self._wait, self._most), delete_query()

    def routes(self) -> list[Route]:
        return [
            Route(self._post, self.post),
            *in_each_form(self._get, self.get),
            Route(self._delete, self.delete),
        ]

    async def post(self, request: web.Request) -> web.Response:
        """Run a statement: rows within `wait` seconds, otherwise 202 with an id."""
        given = read(request, self._post)
        ask = await asked_sql(request, self._parts.settings.limits)
        ask = ask.model_copy(update={"dry_run": ask.dry_run or given[DRY_RUN]})
        caller = request[CALLER].name
        checked = await self._checked(ask, caller)
        estimate = await self._parts.estimator.estimate(checked.reads)
        if ask.dry_run:
            return dry_run(self._parts, request[CALLER], checked, estimate, ask.max_scan_bytes)
        self._forget_old()
        self._bound(caller)
        run, view = await self._begun(request, ask, checked, estimate)
        kept = KeptQuery(
            self._parts.new_id(),
            run,
            caller,
            _feeds(checked),
            view,
            self._clock(),
            ask.max_rows,
            estimate,
        )
        self._kept[kept.id] = kept
        try:
            await self._parts.runs.attend(run, ask.wait)
        except TimeoutError:
            return self._pending(kept)
        except BaseException:
            # Whoever leaves before having the id can never come back for it.
            self._parts.runs.leave(run)
            del self._kept[kept.id]
            raise
        return await self._page(request, kept)

    async def get(self, request: web.Request) -> web.Response:
        """State and rows; `wait` seconds at most are spent on waiting for the end."""
        given = read(request, self._get)
        most, cursor = given[self._most], given[CURSOR]
        if cursor is not None:
            return await self._page_at(request, cursor, most or PAGE_ROWS)
        kept = self._own(request)
        await _within(kept.run, given[self._wait])
        if not kept.run.finished.is_set():
            return self._pending(kept)
        return await self._page(request, kept, most or 0)

    async def delete(self, request: web.Request) -> web.Response:
        """Cancel a query; one that has ended keeps its state."""
        read(request, self._delete)
        kept = self._own(request)
        if not kept.run.finished.is_set():
            kept = await self._given_up(kept)
        return json_answer({"id": kept.id, "state": kept.run.state})

    async def _given_up(self, kept: KeptQuery) -> KeptQuery:
        """The query as its caller sees it from now on; others who share it go on."""
        run = kept.run
        mine = kept if run.holders <= 1 else replace(kept, run=given_up(run))
        self._kept[kept.id] = mine
        self._parts.runs.leave(run)
        await _within(mine.run, self._parts.settings.athena.stop_deadline_s + 1)
        return mine

    async def _begun(
        self, request: web.Request, ask: Ask, checked: Checked, estimate: Estimate | None
    ) -> tuple[QueryRun, LedgerView]:
        """The query of a statement, or one that answers it already. Raises ProblemError."""
        try:
            paying(request[CALLER], checked, estimate, ask.max_scan_bytes)
            return await self._read(request, ask, checked).begun()
        except ProblemError as error:
            refused(self._parts.metrics, PAYER.get(), checked.sql, error.problem.kind)
            raise

    def _read(self, request: web.Request, ask: Ask, checked: Checked) -> SqlRead:
        max_age = None if ask.max_age is None else f"{ask.max_age:.3f}"
        return SqlRead(
            self._parts,
            Statement(checked.sql),
            # More than these are read when they are asked for.
            min(ask.max_rows, self._parts.settings.limits.max_rows),
            _feeds(checked),
            checked.depends,
            asked_of(request, max_age=max_age, as_of=ask.as_of),
        )

    async def _checked(self, ask: Ask, caller: str) -> Checked:
        try:
            async with out_of_hand():
                return await self._parts.guard.check(
                    ask.sql, self._parts.settings.limits.max_result_rows, caller
                )
        except RefusedSqlError as error:
            self._parts.metrics.refused_sql.labels(error.reason).inc()
            refused(self._parts.metrics, PAYER.get(), ask.sql, error.problem.kind)
            raise
        except TransientError as error:
            raise unavailable("the guard") from error

    def _bound(self, caller: str) -> None:
        # By query, not by request: who asks the same again waits for the same query.
        mine = {k.run for k in self._kept.values() if k.caller == caller}
        unfinished = sum(not run.finished.is_set() for run in mine)
        if unfinished >= self._parts.settings.limits.max_sql_per_key:
            raise busy(2)

    def _own(self, request: web.Request) -> KeptQuery:
        self._forget_old()
        kept = self._kept.get(request.match_info["id"])
        # Somebody else's query looks exactly like none.
        if kept is None or kept.caller != request[CALLER].name:
            raise not_found("there is no such query, or its result is no longer kept")
        return kept

    def _forget_old(self) -> None:
        limits = self._parts.settings.limits
        done = [k for k in self._kept.values() if k.run.finished.is_set()]
        done.sort(key=lambda kept: kept.asked_at_s)
        surplus = max(0, len(done) - limits.keep_results)
        horizon_s = self._clock() - limits.keep_results_s - limits.sql_deadline_s
        for number, kept in enumerate(done):
            if number < surplus or kept.asked_at_s < horizon_s:
                del self._kept[kept.id]

    def _pending(self, kept: KeptQuery) -> web.Response:
        where = f"/v1/queries/{kept.id}"
        about = {
            "id": kept.id,
            "state": kept.run.state,
            "href": where,
            "meta": {"as_of": rfc3339(kept.view.at_ms)},
        }
        return json_answer(about, 202, {"Location": where, "Retry-After": "1"})

    async def _page(self, request: web.Request, kept: KeptQuery, most: int = 0) -> web.Response:
        """The first rows of a query that has ended, or why it has none."""
        run, meta = kept.run, self._meta(kept)
        if run.result is None:
            if request[OFFER].format is not Format.JSON and run.problem is not None:
                # Who wants bare rows must not take the reason for them.
                raise ProblemError(run.problem)
            told = None if run.problem is None else run.problem.document()
            return json_answer(
                {"id": kept.id, "state": run.state, "meta": meta, "problem": told}
            )
        ask = PageAsk(kept.id, most or kept.max_rows)
        return await self._answers.page(request, ask, run.result.rows, meta)

    async def _page_at(self, request: web.Request, text: str, most: int) -> web.Response:
        """A later page; also where another process ran the query."""
        query_id = request.match_info["id"]
        cursor = self._answers.cursor(request, text, query_id)
        kept = self._kept.get(query_id)
        result = None if kept is None else kept.run.result
        rows = None if result is None else result.rows
        ask = PageAsk(query_id, most, cursor)
        return await self._answers.page(request, ask, rows, cursor.meta)

    def _meta(self, kept: KeptQuery) -> dict[str, Any]:
        run = kept.run
        about = answer_meta(
            kept.view,
            kept.feeds,
            run.result,
            self._parts.settings.athena.usd_per_tb,
            run.question.version or None,
            version_after=run.version_after,
            is_kept=run.is_kept,
        )
        return {**about, **estimated_meta(kept.estimate)}


def _feeds(checked: Checked) -> tuple[str, ...]:
    """The feeds whose freshness is told: those of the tables, and of what is made from them."""
    named = {dataset_of_table(name).name for name in checked.tables if name in TABLES}
    # What was rejected says nothing of freshness, unless it is what was asked for.
    return tuple(sorted(named | (set(checked.depends.days) & set(ELEMENTS))))


async def _within(run: QueryRun, seconds: float) -> None:
    """Wait for the end as somebody who holds the id, so that leaving stops nothing."""
    with suppress(TimeoutError):
        async with out_of_hand(), asyncio.timeout(seconds):
            await run.finished.wait()
