"""What the lake tells of itself: stages of the pipeline, hours as a calendar, an hour's entry, cost."""

import re
from collections.abc import Iterable
from typing import Any

from aiohttp import web

from coinlake.contracts.datasets import ELEMENTS, TABLES, TABULAR, dataset_of_table
from coinlake.contracts.hours import UNKNOWN_HOUR, Hour, hour_of, parse_hour
from coinlake.errors import TransientError
from query_api.adapters.ledger import LedgerView
from query_api.core.costs import cost_lines, forecast_usd, glue_by_day
from query_api.core.coverage import newest_hours
from query_api.core.days import DAY_MS, days_of
from query_api.core.hour_calendar import calendar
from query_api.core.hour_entry import told_entry
from query_api.core.operation import Answer, Operation
from query_api.core.parameters import choice, instant, path_id, whole
from query_api.core.pipeline import Engine, stages, worst
from query_api.core.problems import BadRequestError, not_found, unavailable
from query_api.core.schema_parts import many, ref
from query_api.core.schemas import enveloped
from query_api.core.window import rfc3339, window_of
from query_api.routes.answer_meta import looked_meta
from query_api.routes.formats import json_alone
from query_api.routes.parameters import read
from query_api.routes.parts import ApiParts
from query_api.routes.responses import json_answer
from query_api.routes.route import Route

_HOUR_TEXT = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2})")
_NEWEST = "newest"
_DAYS_SHOWN = 14
_DAYS_MOST = 92
_FEED = choice("feed", "The feed whose answers are followed.", tuple(ELEMENTS), "assets")
_TABLE = choice("table", "The table whose hours are told.", tuple(TABLES), "quotes")
_FROM = instant("from", "Start of the range of receive hours, by default 14 days before `to`.")
_TO = instant("to", "End of the range of receive hours, exclusive, by default now.")
_OF_TABLE = path_id("table", "Name of a table.")
_HOUR = path_id("hour", f"A UTC hour, such as 2026-11-22T09, or `{_NEWEST}`.")
_DAYS = whole("days", "Days up to today.", default=30, low=1, high=_DAYS_MOST)
_PIPELINE = Operation(
    "GET",
    "/v1/pipeline",
    "Lake",
    "How far an answer has come: six stages from CoinCap to SQL, each with its age and state",
    {200: Answer("The stages.", enveloped(ref("Pipeline")))},
    (_FEED,),
    (406, 503),
    example="/v1/pipeline?feed=assets",
)
_HOURS = Operation(
    "GET",
    "/v1/hours",
    "Lake",
    f"The hours of a table with state, version and rows, at most {_DAYS_MOST} days",
    {200: Answer("A line for each hour.", enveloped(many(ref("HourState"))))},
    (_TABLE, _FROM, _TO),
    (406, 503),
    example="/v1/hours?table=quotes",
)
_ENTRY = Operation(
    "GET",
    "/v1/hours/{table}/{hour}",
    "Lake",
    "The newest ledger entry of an hour: run, counts, raw objects and quality rules",
    {200: Answer("The entry.", enveloped(ref("HourEntry")))},
    (_OF_TABLE, _HOUR),
    (404, 406, 503),
    example=f"/v1/hours/quotes/{_NEWEST}",
)
_COST = Operation(
    "GET",
    "/v1/cost",
    "Lake",
    "Dollars by day: Glue's runs by the ledger, and this service's queries since it started",
    {200: Answer("The days, the pace of a month, the last queries.", enveloped(ref("Cost")))},
    (_DAYS,),
    (406, 503),
    example="/v1/cost?days=7",
)


class LakeRoutes:
    """Handlers of scope `read`; none of them starts a query."""

    def __init__(self, parts: ApiParts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        return [
            Route(_PIPELINE, self.pipeline),
            Route(_HOURS, self.hours),
            Route(_ENTRY, self.hour),
            Route(_COST, self.cost),
        ]

    async def pipeline(self, request: web.Request) -> web.Response:
        """How far each stage has come with a feed, and which one stands."""
        feed = read(request, _PIPELINE)[_FEED]
        json_alone(request)
        view = await self._parts.view((feed,))
        try:
            raw = await self._parts.lake.raw.newest(feed)
        except TransientError as error:
            raise unavailable("the raw zone") from error
        runs = self._parts.runs
        engine = Engine(self._parts.lake.trouble(), runs.running, runs.queued)
        told = stages(feed, raw, view.heads, engine, self._parts.now_ms())
        state, stands_at = worst(told)
        data = {"feed": feed, "state": state, "stands_at": stands_at, "stages": told}
        return self._answer(view, [feed], data, len(told))

    async def hours(self, request: web.Request) -> web.Response:
        """The hours of a table in [from, to), each with its state."""
        given = read(request, _HOURS)
        json_alone(request)
        table = given[_TABLE]
        window = window_of(
            given[_FROM],
            given[_TO],
            now_ms=self._parts.now_ms(),
            default_ms=_DAYS_SHOWN * DAY_MS,
            max_ms=_DAYS_MOST * DAY_MS,
        )
        feed = dataset_of_table(table).name
        days = days_of(hour_of(window.from_ms), hour_of(window.to_ms - 1))
        view = await self._parts.view((feed,), days)
        lines = calendar(view.heads, table, window, self._parts.now_ms())
        return self._answer(view, [feed], lines, len(lines))

    async def hour(self, request: web.Request) -> web.Response:
        """The newest ledger entry of an hour: what it was made from, by which run, what was counted."""
        given = read(request, _ENTRY)
        json_alone(request)
        table = given[_OF_TABLE]
        if table not in TABLES:
            raise not_found("there is no such table; /v1/coverage lists them")
        feed = dataset_of_table(table).name
        view = await self._parts.view((feed,))
        newest = newest_hours(view.heads, feed, 1)
        hour = (
            next(iter(newest), UNKNOWN_HOUR) if given[_HOUR] == _NEWEST else _hour(given[_HOUR])
        )
        try:
            entry = await self._parts.ledger.entry(feed, hour)
        except TransientError as error:
            raise unavailable("the ledger") from error
        if entry is None:
            raise not_found("nothing was published of this hour")
        return self._answer(view, [feed], told_entry(entry, table), 1)

    async def cost(self, request: web.Request) -> web.Response:
        """What Glue's runs and this service's queries have cost, by day."""
        days = read(request, _COST)[_DAYS]
        json_alone(request)
        now_ms, spending = self._parts.now_ms(), self._parts.runs.costs
        names = [hour_of(now_ms - back * DAY_MS).dt for back in range(days)][::-1]
        view = await self._parts.view()
        try:
            runs = await self._parts.lake.history.runs(TABULAR, names[0])
        except TransientError as error:
            raise unavailable("the ledger") from error
        lines = cost_lines(names, glue_by_day(runs), spending.days)
        begun_ms = min([spending.since_ms, *(run.committed_ms for run in runs)])
        elapsed_ms = now_ms - max(begun_ms, now_ms - days * DAY_MS)
        data = {
            "days": lines,
            "forecast_month_usd": forecast_usd(lines, elapsed_ms),
            "queries_since": rfc3339(spending.since_ms),
            "queries": [
                {
                    "at": rfc3339(spent.at_ms),
                    "outcome": spent.outcome,
                    "scanned_bytes": spent.scanned_bytes,
                    "usd": f"{spent.usd:f}",
                }
                for spent in reversed(spending.newest)
            ],
        }
        return self._answer(view, ELEMENTS, data, len(lines))

    def _answer(
        self, view: LedgerView, feeds: Iterable[str], data: Any, count: int
    ) -> web.Response:
        usd_per_tb = self._parts.settings.athena.usd_per_tb
        return json_answer({"data": data, "meta": looked_meta(view, feeds, usd_per_tb, count)})


def _hour(text: str) -> Hour:
    match = _HOUR_TEXT.fullmatch(text)
    hour = None if match is None else parse_hour(f"dt={match[1]}/hour={match[2]}")
    if hour is None:
        raise BadRequestError(f"the hour is not valid: use YYYY-MM-DDTHH, or {_NEWEST}")
    return hour
