"""Movers: gainers and losers of a window, from the lake's own quotes."""

from aiohttp import web

from query_api.core.answers import Rows
from query_api.core.feed_rows import ASSET_ROWS
from query_api.core.known_columns import MOVERS, rows_of_records
from query_api.core.movers import (
    EDGE_MS,
    GAINERS,
    LOSERS,
    WINDOWS_MS,
    Least,
    movers,
    prices_at_both_ends,
)
from query_api.core.operation import ASKS_ATHENA, Operation, rows_answer
from query_api.core.parameters import amount, choice, instant
from query_api.core.schema_parts import many, ref
from query_api.core.schemas import enveloped
from query_api.core.statements import Statement
from query_api.core.usual_parameters import FRESHNESS, limit
from query_api.core.window import TimeWindow, rfc3339
from query_api.routes.feed_reads import FeedReads, rows_of
from query_api.routes.parameters import read
from query_api.routes.parts import ApiParts
from query_api.routes.route import Route, in_each_form

_WINDOW = choice("window", "How far apart the two prices are.", tuple(WINDOWS_MS), "24h")
_TO = instant("to", "End of the window, by default now: RFC 3339 or milliseconds.")
_DIRECTION = choice("direction", "Whose price rose, or fell.", (GAINERS, LOSERS), GAINERS)
_MIN_VOLUME = amount("min_volume_usd", "Least volume of 24 hours at the end, in US dollars.")
_MIN_CAP = amount(
    "min_market_cap_usd", "Least market capitalisation at the end, in US dollars."
)
_MOST = 1000


class MoverRoutes:
    """Handlers of scope `read`."""

    def __init__(self, parts: ApiParts) -> None:
        self._parts = parts
        self._reads = FeedReads(parts, ASSET_ROWS)
        self._limit = limit(min(_MOST, parts.settings.limits.max_rows), 20)
        self._operation = Operation(
            "GET",
            "/v1/movers",
            "Movers",
            "Assets whose price rose or fell most between two moments; those without a price in the "
            "hour before each are left out",
            rows_answer("Movers, the greatest first.", enveloped(many(ref("Mover")))),
            (_WINDOW, _TO, _DIRECTION, self._limit, _MIN_VOLUME, _MIN_CAP, *FRESHNESS),
            ASKS_ATHENA,
            example="/v1/movers?window=1h&direction=losers&min_volume_usd=1000000",
        )

    def routes(self) -> list[Route]:
        return in_each_form(self._operation, self.movers)

    async def movers(self, request: web.Request) -> web.Response:
        """Who moved most. The order is exact, so all prices are read before any is left out."""
        given = read(request, self._operation)
        to_ms = self._parts.now_ms() if given[_TO] is None else given[_TO] or 0
        window = TimeWindow(to_ms - WINDOWS_MS[given[_WINDOW]], to_ms)
        least = Least(given[_MIN_VOLUME], given[_MIN_CAP])

        def ask(is_live: bool) -> Statement:
            return prices_at_both_ends(
                self._parts.database, window, least, self._reads.skew_ms, is_live=is_live
            )

        reach = TimeWindow(window.from_ms - EDGE_MS, window.to_ms + 1)
        found = await self._reads.ranged(
            request, ask, reach, self._parts.settings.limits.max_rows
        )
        direction, most = given[_DIRECTION], given[self._limit]
        prices = rows_of(found, MOVERS)
        # All prices of all assets would keep the loop busy.
        rows, is_cut = await self._parts.answers.workers.run(_moved, prices, direction, most)
        more = {
            "window": {"from": rfc3339(window.from_ms), "to": rfc3339(window.to_ms)},
            "truncated": is_cut or prices.truncated,
        }
        return await self._reads.answer(request, found, rows, more)


def _moved(prices: Rows, direction: str, most: int) -> tuple[Rows, bool]:
    found, is_cut = movers(prices.records(), direction, most)
    return rows_of_records(MOVERS, found), is_cut
