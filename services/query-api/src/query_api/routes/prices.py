"""The typed endpoints: assets, quotes, candles, coverage."""

import re
from collections.abc import Callable
from typing import Any

from aiohttp import web

from coinlake.contracts.datasets import ASSETS, ELEMENTS, TABULAR
from coinlake.contracts.hours import HOUR_MS, Hour, hour_of
from coinlake.views.candles import INTERVALS_MS
from query_api.core import known_columns, statements
from query_api.core.answers import ResultColumn, Rows, text_rows
from query_api.core.cells import shown_column
from query_api.core.coverage import (
    Heads,
    between,
    coverage_rows,
    dataset_version,
    is_final,
    is_open,
    newest_hours,
)
from query_api.core.days import ALL_DAYS, days_of
from query_api.core.encoders import JsonShape
from query_api.core.problems import BadRequestError, not_found
from query_api.core.statements import Statement
from query_api.core.window import TimeWindow, instant_ms, received_hours, window_of
from query_api.routes.answer_meta import answer_meta
from query_api.routes.asked import FRESHNESS, Asked, asked_of
from query_api.routes.consistent_read import BoundedStatement, SteadyAnswer, steady
from query_api.routes.formats import row_routes
from query_api.routes.parameters import integer, only
from query_api.routes.parts import ApiParts
from query_api.routes.responses import validators
from query_api.routes.row_answers import OBJECTS, RECORD

# Slugs of CoinCap: lower case, digits, dashes; some hold dots, underscores or brackets
# (tests/data/coincap).
_ASSET_ID = re.compile(r"[\w.()\[\]$+!'-]{1,128}")
_DAY_MS = 86_400_000
# 1970 began on a Thursday; weeks begin on a Monday.
_MONDAY_MS = 4 * _DAY_MS


class PriceRoutes:
    """Handlers of scope `read`."""

    def __init__(self, parts: ApiParts) -> None:
        self._parts = parts
        self._usd_per_tb = parts.settings.athena.usd_per_tb

    def routes(self) -> list[web.RouteDef]:
        return [
            *row_routes("/v1/assets", self.assets),
            # An asset's id may have a dot, so that an extension would be part of it.
            web.get("/v1/assets/{id}", self.asset),
            *row_routes("/v1/assets/{id}/quotes", self.quotes),
            *row_routes("/v1/assets/{id}/candles", self.candles),
            *row_routes("/v1/coverage", self.coverage),
        ]

    async def assets(self, request: web.Request) -> web.Response:
        """The latest row of each asset in the newest published hours, by rank."""
        most = self._parts.settings.limits.max_assets
        given = only(request, "limit", *FRESHNESS)
        limit = integer(given.get("limit"), "limit", default=min(100, most), low=1, high=most)

        def build(heads: Heads) -> BoundedStatement:
            since, now = self._latest_hours(heads)
            asked = statements.latest_assets(self._parts.database, since, limit)
            return BoundedStatement(asked, since, now, limit, is_live=True)

        found = await steady(self._parts, build, asked=asked_of(request))
        return await self._answer(request, found, _rows(found, known_columns.ASSETS))

    async def asset(self, request: web.Request) -> web.Response:
        """The latest row of one asset."""
        only(request, *FRESHNESS)
        asset_id = _asset_id(request)

        def build(heads: Heads) -> BoundedStatement:
            since, now = self._latest_hours(heads)
            asked = statements.latest_asset(self._parts.database, since, asset_id)
            return BoundedStatement(asked, since, now, 1, is_live=True)

        found = await steady(self._parts, build, asked=asked_of(request))
        result = found.result
        if result is None or not len(result.rows):
            raise not_found("the newest hours do not contain this asset")
        return await self._answer(request, found, result.rows, shape=RECORD)

    async def quotes(self, request: web.Request) -> web.Response:
        """The quotes of an asset in [from, to) of `source_ts`."""
        settings = self._parts.settings
        given = only(request, "from", "to", "limit", "order", *FRESHNESS)
        asset_id, most = _asset_id(request), settings.limits.max_rows
        limit = integer(given.get("limit"), "limit", default=min(1000, most), low=1, high=most)
        order = given.get("order", "asc")
        if order not in ("asc", "desc"):
            raise BadRequestError("order must be asc or desc")
        window = self._window(given, _DAY_MS, settings.limits.max_quotes_range_s * 1000)
        skew_ms = settings.max_skew_s * 1000

        def ask(is_live: bool) -> Statement:
            database = self._parts.database
            return statements.quotes(
                database, asset_id, window, skew_ms, limit, order, is_live=is_live
            )

        found = await self._ranged(ask, window, limit, asked_of(request))
        return await self._answer(request, found, _rows(found, known_columns.QUOTES_OF_ASSET))

    async def candles(self, request: web.Request) -> web.Response:
        """Candles of an asset; `final` where no more quotes can come into one."""
        settings = self._parts.settings
        given = only(request, "interval", "from", "to", *FRESHNESS)
        asset_id, interval = _asset_id(request), given.get("interval", "1h")
        width_ms = INTERVALS_MS.get(interval)
        if width_ms is None:
            raise BadRequestError(f"interval must be one of {', '.join(INTERVALS_MS)}")
        most = settings.limits.max_candles
        asked_for = self._window(given, 100 * width_ms, most * width_ms)
        window = _aligned(asked_for, width_ms, _MONDAY_MS if interval == "1w" else 0)
        skew_ms = settings.max_skew_s * 1000

        def ask(is_live: bool) -> Statement:
            database = self._parts.database
            return statements.candles(
                database, asset_id, interval, window, skew_ms, is_live=is_live
            )

        found = await self._ranged(ask, window, most + 2, asked_of(request))
        rows = _rows(found, known_columns.CANDLES)
        # Thousands of candles would keep the loop busy.
        rows = await self._parts.answers.workers.run(
            _with_ends, rows, found.view.heads, width_ms, skew_ms
        )
        return await self._answer(request, found, rows, {"interval": interval})

    async def coverage(self, request: web.Request) -> web.Response:
        """Per table what is published; from the ledger, so it costs no query."""
        only(request)
        view = await self._parts.view(days=ALL_DAYS)
        rows = coverage_rows(view.heads)
        version = dataset_version(view.heads, TABULAR)
        # What was rejected says nothing of freshness: it may be nothing for weeks.
        about = answer_meta(
            view, ELEMENTS, None, self._usd_per_tb, version, version_after=version
        )
        return await self._parts.answers.of(
            request, known_columns.rows_of_records(known_columns.COVERAGE, rows), about
        )

    def _window(self, given: dict[str, str], default_ms: int, max_ms: int) -> TimeWindow:
        return window_of(
            given.get("from"),
            given.get("to"),
            now_ms=self._parts.now_ms(),
            default_ms=default_ms,
            max_ms=max_ms,
        )

    def _latest_hours(self, heads: Heads) -> tuple[Hour, Hour]:
        """From where on the latest rows are looked for, and the hour now.

        A pipeline that stands has its newest rows further back.
        """
        count = self._parts.settings.latest_hours
        now = hour_of(self._parts.now_ms())
        published = newest_hours(heads, ASSETS.name, count)
        return min([hour_of(now.start_ms - (count - 1) * HOUR_MS), *published[-1:]]), now

    async def _ranged(
        self,
        ask: Callable[[bool], Statement],
        window: TimeWindow,
        max_rows: int,
        asked: Asked,
    ) -> SteadyAnswer:
        first, last = received_hours(window, self._parts.settings.max_skew_s * 1000)

        def build(heads: Heads) -> BoundedStatement | None:
            is_live = is_open(heads, ASSETS.name, last)
            # Nothing published in the range is an empty answer, and not worth a query.
            if not is_live and not between(heads, ASSETS.name, first, last):
                return None
            return BoundedStatement(ask(is_live), first, last, max_rows, is_live=is_live)

        return await steady(self._parts, build, days_of(first, last), asked=asked)

    async def _answer(
        self,
        request: web.Request,
        found: SteadyAnswer,
        rows: Rows,
        more: dict[str, Any] | None = None,
        shape: JsonShape = OBJECTS,
    ) -> web.Response:
        about = answer_meta(
            found.view,
            [ASSETS.name],
            found.result,
            self._usd_per_tb,
            found.version,
            is_live=found.is_live,
            version_after=found.version_after,
            is_kept=found.is_kept,
        )
        answer = await self._parts.answers.of(request, rows, {**about, **(more or {})}, shape)
        answer.headers.update(validators(found.tag))
        return answer


def _rows(found: SteadyAnswer, columns: tuple[ResultColumn, ...]) -> Rows:
    """The rows of an answer; where no query was made, none of these columns."""
    return text_rows(columns, ()) if found.result is None else found.result.rows


def _with_ends(rows: Rows, heads: Heads, width_ms: int, skew_ms: int) -> Rows:
    """Candles with their ends, and whether they are final; `start` is their first column."""
    starts = shown_column(rows.cells.column(0), "timestamp").to_pylist()
    from_ms = [instant_ms(start, "start") for start in starts]
    spans = [TimeWindow(start_ms, start_ms + width_ms) for start_ms in from_ms]
    ends = [known_columns.athena_timestamp(span.to_ms) for span in spans]
    finals = [str(is_final(heads, ASSETS.name, span, skew_ms)).lower() for span in spans]
    return rows.with_column(ResultColumn("end", "timestamp"), ends).with_column(
        ResultColumn("final", "boolean"), finals
    )


def _asset_id(request: web.Request) -> str:
    asset_id = request.match_info["id"]
    if not _ASSET_ID.fullmatch(asset_id):
        raise BadRequestError("this is not a valid asset id")
    return asset_id


def _aligned(window: TimeWindow, width_ms: int, first_ms: int) -> TimeWindow:
    """Whole candles, of which one begins at `first_ms`: a cut one would show a false open or close."""
    start = (window.from_ms - first_ms) // width_ms * width_ms + first_ms
    return TimeWindow(start, -(-(window.to_ms - first_ms) // width_ms) * width_ms + first_ms)
