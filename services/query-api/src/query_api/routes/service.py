"""What the service tells about itself: /openapi.json and /status."""

from aiohttp import web

from coinlake.contracts.datasets import TABULAR
from coinlake.errors import TransientError
from query_api.core.coverage import newest_received_ms, watermark_ms
from query_api.core.openapi import document
from query_api.core.window import rfc3339, time_or_null
from query_api.routes.context import Context, json_answer


class About:
    """Open endpoints: counts and names only, nothing of the data."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._document = document(context.settings.limits.max_rows)

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/openapi.json", self.openapi), web.get("/status", self.status)]

    async def openapi(self, _: web.Request) -> web.Response:
        """The OpenAPI document of this service."""
        return json_answer(self._document)

    async def status(self, _: web.Request) -> web.Response:
        """Queries now, and per feed what is published."""
        runs = self._context.runs.active
        body: dict[str, object] = {
            "queries": {
                "active": len(runs),
                "running": sum(run.state == "RUNNING" for run in runs),
            },
        }
        try:
            view = await self._context.ledger.view()
        except TransientError:
            return json_answer({**body, "feeds": None})
        feeds = {}
        for feed in TABULAR:
            feeds[feed] = {
                "hours_published": sum(name == feed for name, _ in view.heads),
                "newest_received": time_or_null(newest_received_ms(view.heads, feed)),
                "watermark": time_or_null(watermark_ms(view.heads, feed)),
            }
        return json_answer({**body, "feeds": feeds, "as_of": rfc3339(view.at_ms)})
