"""Sparklines of many assets in one call."""

from aiohttp import web

from coinlake.contracts.hours import HOUR_MS
from coinlake.views.candles import INTERVALS_MS
from query_api.core.answers import ResultColumn
from query_api.core.candle_merge import aligned
from query_api.core.feed_rows import ASSET_ROWS
from query_api.core.operation import ASKS_ATHENA, Answer, Operation
from query_api.core.parameters import choice
from query_api.core.schema_parts import many, ref
from query_api.core.schemas import enveloped
from query_api.core.sparklines import as_lines, change_pct, sparklines
from query_api.core.statements import Statement
from query_api.core.usual_parameters import FROM, TO, limit
from query_api.core.window import rfc3339, window_of
from query_api.routes.feed_reads import FeedReads, rows_of, texts
from query_api.routes.formats import json_alone
from query_api.routes.parameters import read
from query_api.routes.parts import ApiParts
from query_api.routes.responses import json_answer, validators
from query_api.routes.route import Route

_COLUMNS = (ResultColumn("asset_id", "varchar"), ResultColumn("points", "varchar"))
_MOST_POINTS = 200
_INTERVAL = choice(
    "interval",
    f"How far apart the closes are; at most {_MOST_POINTS} of them.",
    ("1m", "5m", "15m", "1h", "4h"),
    "1h",
)


class SparklineRoutes:
    """Handlers of scope `read`."""

    def __init__(self, parts: ApiParts) -> None:
        self._parts = parts
        self._reads = FeedReads(parts, ASSET_ROWS)
        self._limit = limit(parts.settings.limits.max_assets, 100)
        self._operation = Operation(
            "GET",
            "/v1/sparklines",
            "Candles",
            "Closes of the assets with most volume as one list each, by default of the last day",
            {200: Answer("A line per asset.", enveloped(many(ref("Sparkline"))))},
            (_INTERVAL, FROM, TO, self._limit),
            ASKS_ATHENA,
            example="/v1/sparklines?interval=15m&limit=20",
        )

    def routes(self) -> list[Route]:
        return [Route(self._operation, self.sparklines)]

    async def sparklines(self, request: web.Request) -> web.Response:
        """The closes of the assets with most volume, at one interval over one window."""
        given = read(request, self._operation)
        json_alone(request)
        interval, most = given[_INTERVAL], given[self._limit]
        width_ms = INTERVALS_MS[interval]
        asked = window_of(
            given[FROM],
            given[TO],
            now_ms=self._parts.now_ms(),
            default_ms=min(24 * HOUR_MS, (_MOST_POINTS - 1) * width_ms),
            max_ms=(_MOST_POINTS - 1) * width_ms,
        )
        window = aligned(asked, width_ms, interval)

        def ask(is_live: bool) -> Statement:
            return sparklines(
                self._parts.database,
                interval,
                window,
                self._reads.skew_ms,
                most,
                is_live=is_live,
            )

        found = await self._reads.ranged(request, ask, window, most)
        rows = rows_of(found, _COLUMNS)
        pairs = zip(texts(rows, "asset_id"), texts(rows, "points"), strict=True)
        lines = as_lines(pairs, window, width_ms)
        data = [{**line, "change_pct": change_pct(line["closes"])} for line in lines]
        span = {"from": rfc3339(window.from_ms), "to": rfc3339(window.to_ms)}
        more = {"interval": interval, "window": span, "rows": len(data)}
        body = {"data": data, "meta": {**self._reads.about(found), **more}}
        return json_answer(body, headers=validators(found.tag))
