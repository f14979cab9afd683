"""Candles of one or several assets."""

from aiohttp import web

from coinlake.contracts.datasets import ASSETS
from coinlake.views.candles import INTERVALS_MS
from query_api.core.answers import Rows
from query_api.core.candle_merge import aligned, candles
from query_api.core.coverage import Heads, is_final
from query_api.core.feed_rows import ASSET_ROWS
from query_api.core.known_columns import CANDLE_ENDS, CANDLES, athena_timestamp
from query_api.core.operation import ASKS_ATHENA, Operation, rows_answer
from query_api.core.parameters import Given, choice, ids, path_id, required
from query_api.core.schema_parts import many, ref
from query_api.core.schemas import enveloped
from query_api.core.statements import Statement
from query_api.core.usual_parameters import FRESHNESS, FROM, TO
from query_api.core.window import TimeWindow, instant_ms, window_of
from query_api.routes.feed_reads import FeedReads, rows_of, texts
from query_api.routes.parameters import read
from query_api.routes.parts import ApiParts
from query_api.routes.route import Route, in_each_form

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
        answer = rows_answer("Candles.", enveloped(many(ref("Candle"))))
        self._one = Operation(
            "GET",
            "/v1/assets/{id}/candles",
            "Candles",
            "Candles of an asset, by default the last 100; the range is widened to whole candles",
            answer,
            (_ID, _INTERVAL, FROM, TO, *FRESHNESS),
            ASKS_ATHENA,
            example="/v1/assets/bitcoin/candles?interval=1h",
        )
        self._of_some = Operation(
            "GET",
            "/v1/candles",
            "Candles",
            "Candles of several assets, by id and start",
            answer,
            (self._some, _INTERVAL, FROM, TO, *FRESHNESS),
            ASKS_ATHENA,
            example="/v1/candles?ids=bitcoin,ethereum&interval=4h",
        )

    def routes(self) -> list[Route]:
        return [
            *in_each_form(self._one, self.candles),
            *in_each_form(self._of_some, self.candles_of_some),
        ]

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
        # Thousands of candles would keep the loop busy.
        rows = await self._parts.answers.workers.run(
            _with_ends, rows_of(found, CANDLES), found.view.heads, width_ms, skew_ms
        )
        return await self._reads.answer(request, found, rows, {"interval": interval})


def _with_ends(rows: Rows, heads: Heads, width_ms: int, skew_ms: int) -> Rows:
    """Candles with their ends, and whether they are final."""
    starts_ms = [instant_ms(text, "start") for text in texts(rows, "start")]
    spans = [TimeWindow(start_ms, start_ms + width_ms) for start_ms in starts_ms]
    ends = [athena_timestamp(span.to_ms) for span in spans]
    # Several assets have the same spans, and a span of a week many hours.
    known = {span: is_final(heads, ASSETS.name, span, skew_ms) for span in {*spans}}
    finals = [str(known[span]).lower() for span in spans]
    end, final = CANDLE_ENDS
    return rows.with_column(end, ends).with_column(final, finals)
