"""Markets: the latest row of each pair on each exchange, by exchange, base and quote."""

from aiohttp import web

from query_api.core.feed_rows import MARKET_ROWS
from query_api.core.operation import ASKS_ATHENA, Operation, rows_answer
from query_api.core.parameters import Given, path_id, word
from query_api.core.schema_parts import many, ref
from query_api.core.schemas import enveloped
from query_api.core.statements import all_of, equal
from query_api.core.usual_parameters import FRESHNESS, limit
from query_api.routes.feed_reads import FeedReads
from query_api.routes.parameters import read
from query_api.routes.parts import ApiParts
from query_api.routes.route import Route, in_each_form

_ID = path_id("id", "CoinCap's id of the asset that is bought.")
_EXCHANGE = word("exchange", "Id of the exchange.")
_BASE = word("base", "Id of what is bought.")
_QUOTE = word("quote", "Id of what is paid with.")
_ROWS = rows_answer("Latest rows.", enveloped(many(ref("Market"))))


class MarketRoutes:
    """Handlers of scope `read`."""

    def __init__(self, parts: ApiParts) -> None:
        self._reads = FeedReads(parts, MARKET_ROWS)
        self._limit = limit(parts.settings.limits.max_rows, 1000)
        self._list = Operation(
            "GET",
            "/v1/markets",
            "Markets",
            "The latest row of each market in the newest hours, by volume of the last 24 hours",
            _ROWS,
            (self._limit, _EXCHANGE, _BASE, _QUOTE, *FRESHNESS),
            ASKS_ATHENA,
            example="/v1/markets?exchange=binance&limit=10",
        )
        self._of_asset = Operation(
            "GET",
            "/v1/assets/{id}/markets",
            "Markets",
            "The same of the markets in which an asset is bought",
            _ROWS,
            (_ID, self._limit, _EXCHANGE, _QUOTE, *FRESHNESS),
            ASKS_ATHENA,
            example="/v1/assets/bitcoin/markets?limit=10",
        )

    def routes(self) -> list[Route]:
        return [
            *in_each_form(self._list, self.markets),
            *in_each_form(self._of_asset, self.markets_of_asset),
        ]

    async def markets(self, request: web.Request) -> web.Response:
        """Latest rows of all markets, or of those that are asked for."""
        given = read(request, self._list)
        return await self._answer(request, given, given[_BASE])

    async def markets_of_asset(self, request: web.Request) -> web.Response:
        """Latest rows of the markets in which one asset is bought."""
        given = read(request, self._of_asset)
        return await self._answer(request, given, given[_ID])

    async def _answer(
        self, request: web.Request, given: Given, base: str | None
    ) -> web.Response:
        found = await self._reads.latest(
            request,
            given[self._limit],
            all_of(
                equal("exchange_id", given[_EXCHANGE]),
                equal("base_id", base),
                equal("quote_id", given[_QUOTE]),
            ),
        )
        return await self._reads.answer(request, found, self._reads.listed(found))
