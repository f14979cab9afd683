"""Ad-hoc SQL: POST runs it, GET fetches it, DELETE cancels it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from coinlake.contracts.datasets import TABLES, dataset_of_table
from coinlake.errors import TransientError
from query_api.adapters.ledger import LedgerView
from query_api.core.coverage import dataset_version
from query_api.core.estimate import Estimate
from query_api.core.guard import Checked
from query_api.core.negotiation import Format
from query_api.core.ports import SqlEngine
from query_api.core.problems import (
    BadRequestError,
    ProblemError,
    RefusedSqlError,
    busy,
    not_found,
    unavailable,
)
from query_api.core.statements import Statement
from query_api.core.window import rfc3339
from query_api.loop.audit import refused
from query_api.loop.query_run import QueryRun
from query_api.loop.spending import PAYER
from query_api.routes.answer_meta import answer_meta
from query_api.routes.dry_run import admit, dry_run, estimated_meta
from query_api.routes.formats import OFFER, row_routes
from query_api.routes.middleware import CALLER
from query_api.routes.parameters import integer, only
from query_api.routes.parts import ApiParts
from query_api.routes.query_answers import PageAsk, QueryAnswers
from query_api.routes.responses import json_answer

_PAGE_ROWS = 1000


class Ask(BaseModel):
    """The body of POST /v1/queries."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sql: str
    wait: float = Field(default=10.0, ge=0)
    max_rows: int = Field(default=_PAGE_ROWS, ge=1)
    dry_run: bool = False
    max_scan_bytes: int | None = Field(default=None, ge=0)


@dataclass(frozen=True, slots=True)
class KeptQuery:
    """A query that its caller can come back for."""

    run: QueryRun
    caller: str
    feeds: tuple[str, ...]
    view: LedgerView
    asked_at_s: float
    estimate: Estimate | None
    max_rows: int


class QueryRoutes:
    """Handlers of scope `sql`. Ids are random and known to their caller alone."""

    def __init__(
        self, parts: ApiParts, engine: SqlEngine, clock: Callable[[], float], secret: bytes
    ) -> None:
        self._parts = parts
        self._answers = QueryAnswers(parts.answers, parts.pages, engine, secret)
        self._clock = clock
        self._kept: dict[str, KeptQuery] = {}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/v1/queries", self.post),
            *row_routes("/v1/queries/{id}", self.get),
            web.delete("/v1/queries/{id}", self.delete),
        ]

    async def post(self, request: web.Request) -> web.Response:
        """Run a statement: rows within `wait` seconds, otherwise 202 with an id."""
        ask = _with_dry_run(await self._ask(request), only(request, "dry_run"))
        caller = request[CALLER].name
        checked = await self._checked(ask)
        estimate = await self._parts.estimator.estimate(checked.reads)
        if ask.dry_run:
            return dry_run(self._parts, request[CALLER], checked, estimate, ask.max_scan_bytes)
        self._forget_old()
        self._bound(caller)
        admit(self._parts, request[CALLER], checked, estimate, ask.max_scan_bytes)
        feeds = tuple(
            sorted({dataset_of_table(name).name for name in checked.tables if name in TABLES})
        )
        # A statement may read any hour: of the ledger only the newest days are looked at for it.
        view = await self._parts.view(feeds)
        run = self._parts.runs.submit(
            Statement(checked.sql),
            # More than these are read when they are asked for.
            max_rows=min(ask.max_rows, self._parts.settings.limits.max_rows),
            deadline_s=self._parts.settings.limits.sql_deadline_s,
        )
        kept = KeptQuery(run, caller, feeds, view, self._clock(), estimate, ask.max_rows)
        self._kept[run.id] = kept
        try:
            # Whoever leaves before having the id can never come back for it.
            await self._parts.runs.attend(run, ask.wait)
        except TimeoutError:
            return self._pending(kept)
        except BaseException:
            del self._kept[run.id]
            raise
        return await self._page(request, kept)

    async def get(self, request: web.Request) -> web.Response:
        """State and rows; `wait` seconds at most are spent on waiting for the end."""
        given = only(request, "wait", "cursor", "max_rows")
        limits = self._parts.settings.limits
        wait_s = _seconds(given.get("wait"), limits.max_wait_s)
        most = integer(
            given.get("max_rows"), "max_rows", default=0, low=1, high=limits.max_result_rows
        )
        if "cursor" in given:
            return await self._page_at(request, given["cursor"], most or _PAGE_ROWS)
        kept = self._own(request)
        await _within(kept.run, wait_s)
        if not kept.run.finished.is_set():
            return self._pending(kept)
        return await self._page(request, kept, most)

    async def delete(self, request: web.Request) -> web.Response:
        """Cancel a query; one that has ended keeps its state."""
        only(request)
        kept = self._own(request)
        self._parts.runs.cancel(kept.run)
        await _within(kept.run, self._parts.settings.athena.stop_deadline_s + 1)
        return json_answer({"id": kept.run.id, "state": kept.run.state})

    async def _ask(self, request: web.Request) -> Ask:
        limits = self._parts.settings.limits
        if request.content_type != "application/json":
            raise BadRequestError("the body must be application/json")
        try:
            ask = Ask.model_validate(orjson.loads(await request.read()))
        except ValidationError as error:
            wrong = ", ".join(
                ".".join(map(str, item["loc"])) or "body" for item in error.errors()
            )
            raise BadRequestError(f"invalid request body: {wrong}"[:200]) from None
        except orjson.JSONDecodeError:
            raise BadRequestError("the body is not JSON") from None
        if ask.wait > limits.max_wait_s or ask.max_rows > limits.max_result_rows:
            raise BadRequestError(
                f"wait is at most {limits.max_wait_s:g}, max_rows at most {limits.max_result_rows}"
            )
        return ask

    async def _checked(self, ask: Ask) -> Checked:
        try:
            return await self._parts.guard.check(
                ask.sql, self._parts.settings.limits.max_result_rows
            )
        except RefusedSqlError as error:
            self._parts.metrics.refused_sql.labels(error.reason).inc()
            refused(self._parts.metrics, PAYER.get(), ask.sql, error.problem.kind)
            raise
        except TransientError as error:
            raise unavailable("the guard") from error

    def _bound(self, caller: str) -> None:
        mine = [k for k in self._kept.values() if k.caller == caller]
        unfinished = sum(not k.run.finished.is_set() for k in mine)
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
                del self._kept[kept.run.id]

    def _pending(self, kept: KeptQuery) -> web.Response:
        where = f"/v1/queries/{kept.run.id}"
        about = {
            "id": kept.run.id,
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
                {"id": run.id, "state": run.state, "meta": meta, "problem": told}
            )
        ask = PageAsk(run.id, most or kept.max_rows)
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
        about = answer_meta(
            kept.view,
            kept.feeds,
            kept.run.result,
            self._parts.settings.athena.usd_per_tb,
            dataset_version(kept.view.heads, kept.feeds),
        )
        return {**about, **estimated_meta(kept.estimate)}


async def _within(run: QueryRun, seconds: float) -> None:
    """Wait for the end as somebody who holds the id, so that leaving stops nothing."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await run.finished.wait()


def _seconds(text: str | None, most: float) -> float:
    if text is None:
        return 0.0
    try:
        value = float(text)
    except ValueError:
        raise BadRequestError(f"wait must be a number from 0 to {most:g}") from None
    if not 0 <= value <= most:
        raise BadRequestError(f"wait must be a number from 0 to {most:g}")
    return value


def _with_dry_run(ask: Ask, given: dict[str, str]) -> Ask:
    """`?dry_run`, `?dry_run=true` and the body's field say the same."""
    text = given.get("dry_run", "false")
    if text not in ("", "true", "false"):
        raise BadRequestError("dry_run must be true or false")
    return ask.model_copy(update={"dry_run": ask.dry_run or text != "false"})
