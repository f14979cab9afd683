"""What the lake tells of itself: stages of the pipeline, hours as a calendar, an hour's entry, cost."""

import re
from collections.abc import Callable
from typing import Any

from aiohttp import web

from coinlake.contracts.datasets import ELEMENTS, TABLES, TABULAR, dataset_of_table
from coinlake.contracts.hours import Hour, hour_of, parse_hour
from coinlake.errors import TransientError
from query_api.adapters.ledger import LedgerView
from query_api.adapters.raw_zone import RawZone
from query_api.adapters.run_history import RunHistory
from query_api.core.costs import DAY_MS, cost_lines, forecast_usd, glue_by_day
from query_api.core.coverage import dataset_version
from query_api.core.days import days_of
from query_api.core.hour_calendar import calendar
from query_api.core.hour_entry import told_entry
from query_api.core.pipeline import Engine, stages, worst
from query_api.core.problems import BadRequestError, not_found, unavailable
from query_api.core.window import TimeWindow, rfc3339, window_of
from query_api.routes.answer_meta import answer_meta
from query_api.routes.parameters import integer, only
from query_api.routes.parts import ApiParts
from query_api.routes.responses import json_answer

_HOUR = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2})")
_DAYS_SHOWN = 14
_DAYS_MOST = 92

EngineTrouble = Callable[[], str | None]
"""Why Athena is not fine, as last seen; None where it is."""


class LakeRoutes:
    """Handlers of scope `read`; none of them starts a query."""

    def __init__(
        self, parts: ApiParts, raw: RawZone, history: RunHistory, trouble: EngineTrouble
    ) -> None:
        self._parts = parts
        self._raw = raw
        self._history = history
        self._trouble = trouble

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/pipeline", self.pipeline),
            web.get("/v1/hours", self.hours),
            web.get("/v1/hours/{table}/{hour}", self.hour),
            web.get("/v1/cost", self.cost),
        ]

    async def pipeline(self, request: web.Request) -> web.Response:
        """How far each stage has come with a feed, and which one stands."""
        feed = only(request, "feed").get("feed", "assets")
        if feed not in ELEMENTS:
            raise BadRequestError(f"feed must be one of {', '.join(ELEMENTS)}")
        view = await self._parts.view((feed,))
        try:
            raw = await self._raw.newest(feed)
        except TransientError as error:
            raise unavailable("the raw zone") from error
        runs = self._parts.runs
        engine = Engine(self._trouble(), runs.running, runs.queued)
        told = stages(feed, raw, view.heads, engine, self._parts.now_ms())
        state, stands_at = worst(told)
        data = {"feed": feed, "state": state, "stands_at": stands_at, "stages": told}
        return self._answer(view, [feed], data, len(told))

    async def hours(self, request: web.Request) -> web.Response:
        """The hours of a table in [from, to), each with its state."""
        given = only(request, "table", "from", "to")
        table = _table(given.get("table", "quotes"))
        window = window_of(
            given.get("from"),
            given.get("to"),
            now_ms=self._parts.now_ms(),
            default_ms=_DAYS_SHOWN * DAY_MS,
            max_ms=_DAYS_MOST * DAY_MS,
        )
        feed = dataset_of_table(table).name
        view = await self._parts.view((feed,), _days(window))
        lines = calendar(view.heads, table, window, self._parts.now_ms())
        return self._answer(view, [feed], lines, len(lines))

    async def hour(self, request: web.Request) -> web.Response:
        """The newest ledger entry of an hour: what it was made from, by which run, what was counted."""
        only(request)
        table, hour = _table(request.match_info["table"]), _hour(request.match_info["hour"])
        feed = dataset_of_table(table).name
        try:
            entry = await self._parts.ledger.entry(feed, hour)
        except TransientError as error:
            raise unavailable("the ledger") from error
        if entry is None:
            raise not_found("nothing was published of this hour")
        view = await self._parts.view((feed,))
        return self._answer(view, [feed], told_entry(entry, table), 1)

    async def cost(self, request: web.Request) -> web.Response:
        """What Glue's runs and this service's queries have cost, by day."""
        days = integer(
            only(request, "days").get("days"), "days", default=30, low=1, high=_DAYS_MOST
        )
        now_ms, spending = self._parts.now_ms(), self._parts.runs.spending
        names = [hour_of(now_ms - back * DAY_MS).dt for back in range(days)][::-1]
        view = await self._parts.view()
        try:
            runs = await self._history.runs(TABULAR, names[0])
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

    def _answer(self, view: LedgerView, feeds: Any, data: Any, count: int) -> web.Response:
        version = dataset_version(view.heads, feeds)
        usd_per_tb = self._parts.settings.athena.usd_per_tb
        about = answer_meta(view, feeds, None, usd_per_tb, version)
        return json_answer({"data": data, "meta": {**about, "rows": count}})


def _table(name: str) -> str:
    if name not in TABLES:
        raise BadRequestError(f"table must be one of {', '.join(TABLES)}")
    return name


def _hour(text: str) -> Hour:
    match = _HOUR.fullmatch(text)
    hour = None if match is None else parse_hour(f"dt={match[1]}/hour={match[2]}")
    if hour is None:
        raise BadRequestError("the hour is not valid: use YYYY-MM-DDTHH")
    return hour


def _days(window: TimeWindow) -> Any:
    return days_of(hour_of(window.from_ms), hour_of(window.to_ms - 1))
