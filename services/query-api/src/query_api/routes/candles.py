"""Candles of one or several assets."""

from aiohttp import web

from coinlake.contracts.datasets import ASSETS
from coinlake.views.candles import INTERVALS_MS
from query_api.core.candle_merge import aligned, candles
from query_api.core.coverage import is_final
from query_api.core.feed_rows import ASSET_ROWS
from query_api.core.operation import ASKS_ATHENA, Answer, Operation
from query_api.core.parameters import Given, choice, ids, path_id, required
from query_api.core.schemas import enveloped, many, ref
from query_api.core.statements import Statement
from query_api.core.usual_parameters import FROM, TO
from query_api.core.window import TimeWindow, instant_ms, rfc3339, window_of
from query_api.routes.feed_reads import FeedReads, records
from query_api.routes.parameters import read
from query_api.routes.parts import ApiParts
from query_api.routes.route import Route

_ID = path_id("id", "CoinCap's id of the asset (slug).")
_INTERVAL = choice(
    "interval",
    "Width of a candle. Hours and days are UTC's, a week begins on Monday.",
    tuple(INTERVALS_MS),
    "1h",
)
_USUAL = 100


class CandleRoutes:
    """Handlers of scope `read`."""

    def __init__(self, parts: ApiParts) -> None:
        self._parts = parts
        self._reads = FeedReads(parts, ASSET_ROWS)
        limits = parts.settings.limits
        self._some = required(
            ids("ids", "Ids of assets, with commas between them.", limits.max_ids)
        )
        answer = {200: Answer("Candles.", enveloped(many(ref("Candle"))))}
        self._one = Operation(
            "GET",
            "/v1/assets/{id}/candles",
            "Candles",
            "Candles of an asset, by default the last 100; the range is widened to whole candles",
            answer,
            (_ID, _INTERVAL, FROM, TO),
            ASKS_ATHENA,
            example="/v1/assets/bitcoin/candles?interval=1h",
        )
        self._of_some = Operation(
            "GET",
            "/v1/candles",
            "Candles",
            "Candles of several assets, by id and start",
            answer,
            (self._some, _INTERVAL, FROM, TO),
            ASKS_ATHENA,
            example="/v1/candles?ids=bitcoin,ethereum&interval=4h",
        )

    def routes(self) -> list[Route]:
        return [Route(self._one, self.candles), Route(self._of_some, self.candles_of_some)]

    async def candles(self, request: web.Request) -> web.Response:
        """Candles of an asset; `final` where no more quotes can come into one."""
        given = read(request, self._one)
        return await self._answer(request, given, (given[_ID],))

    async def candles_of_some(self, request: web.Request) -> web.Response:
        """Candles of several assets."""
        given = read(request, self._of_some)
        return await self._answer(request, given, given[self._some])

    async def _answer(
        self, request: web.Request, given: Given, asset_ids: tuple[str, ...]
    ) -> web.Response:
        interval = given[_INTERVAL]
        width_ms = INTERVALS_MS[interval]
        # All assets together have no more than one alone.
        most = self._parts.settings.limits.max_candles // len(asset_ids)
        asked_for = window_of(
            given[FROM],
            given[TO],
            now_ms=self._parts.now_ms(),
            default_ms=min(_USUAL, most) * width_ms,
            max_ms=most * width_ms,
        )
        window, skew_ms = aligned(asked_for, width_ms, interval), self._reads.skew_ms

        def ask(is_live: bool) -> Statement:
            database = self._parts.database
            return candles(database, asset_ids, interval, window, skew_ms, is_live=is_live)

        found = await self._reads.ranged(request, ask, window, (most + 2) * len(asset_ids))
        rows = records(found.result)
        for row in rows:
            start_ms = instant_ms(str(row["start"]), "start")
            span = TimeWindow(start_ms, start_ms + width_ms)
            row["end"] = rfc3339(span.to_ms)
            row["final"] = is_final(found.view.heads, ASSETS.name, span, skew_ms)
        return await self._reads.answer(request, found, rows, {"interval": interval})
