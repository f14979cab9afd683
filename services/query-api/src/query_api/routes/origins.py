"""Where a price comes from, and sparklines of many assets."""

import asyncio
from typing import Any

from aiohttp import web

from coinlake.contracts.datasets import ASSETS
from coinlake.contracts.hours import HOUR_MS, Hour, hour_of
from coinlake.errors import TransientError
from coinlake.views.candles import INTERVALS_MS
from query_api.adapters.raw_zone import RawZone
from query_api.core import sparklines
from query_api.core.coverage import Heads, between, dataset_version, is_open
from query_api.core.days import days_of
from query_api.core.origin import Found, candidates, find_in, lineage
from query_api.core.problems import BadRequestError, not_found, unavailable
from query_api.core.raw_state import RawObject
from query_api.core.window import TimeWindow, instant_ms, received_hours, rfc3339, window_of
from query_api.routes.answer_meta import answer_meta
from query_api.routes.consistent_read import BoundedStatement, steady
from query_api.routes.parameters import integer, only
from query_api.routes.parts import ApiParts
from query_api.routes.prices import _asset_id, _records
from query_api.routes.responses import json_answer

_OBJECTS_READ = 6
_DAY_MS = 24 * HOUR_MS
_MOST_POINTS = 200
# A line of an hour has no more to show than its minutes.
_INTERVALS = ("1m", "5m", "15m", "1h", "4h")


class OriginRoutes:
    """Handlers of scope `read`."""

    def __init__(self, parts: ApiParts, raw: RawZone) -> None:
        self._parts = parts
        self._raw = raw

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v1/assets/{id}/lineage", self.lineage),
            web.get("/v1/sparklines", self.sparklines),
        ]

    async def lineage(self, request: web.Request) -> web.Response:
        """The answer that a price was in: poll, raw object, offset, body hash; newest, or of `at`.

        It reads the raw zone, not a table, so it costs no query and knows open hours too.
        """
        given = only(request, "at")
        asset_id = _asset_id(request)
        at_ms = instant_ms(given["at"], "at") if "at" in given else None
        try:
            place = await self._find(asset_id, at_ms)
        except TransientError as error:
            raise unavailable("the raw zone") from error
        if place is None:
            raise not_found("no raw object near this time has an answer with this asset")
        one, found = place
        hour = one.key.hour
        view = await self._parts.view((ASSETS.name,), days_of(hour, hour))
        head = view.heads.get((ASSETS.name, hour))
        data = {
            "asset_id": asset_id,
            **lineage(found),
            "kafka": {
                "topic": one.key.topic,
                "partition": one.key.partition,
                "epoch": one.key.epoch,
                "offset": found.record.offset,
            },
            "raw_object": {
                "key": one.listed.key,
                "etag": one.listed.etag,
                "bytes": one.listed.size,
                "stored_at": rfc3339(one.listed.last_modified_ms),
                "content_sha256": found.sha256,
            },
            "published": None
            if head is None
            else {
                "hour": f"{hour.dt}T{hour.hour}",
                "version": head.version,
                "run_id": head.run_id,
                "committed_at": rfc3339(head.committed_at_ms),
                "complete": head.complete,
            },
        }
        version = dataset_version(view.heads, [ASSETS.name])
        about = answer_meta(
            view, [ASSETS.name], None, self._parts.settings.athena.usd_per_tb, version
        )
        return json_answer({"data": data, "meta": {**about, "rows": 1}})

    async def _find(self, asset_id: str, at_ms: int | None) -> tuple[RawObject, Found] | None:
        """Read a few objects of the hours that can hold it, the likeliest first."""
        left = _OBJECTS_READ
        for hour in await self._hours(at_ms):
            objects = {one.listed.key: one for one in await self._raw.objects("assets", hour)}
            ends = [(key, one.listed.last_modified_ms) for key, one in objects.items()]
            for key in candidates(ends, at_ms, left):
                left -= 1
                body = await self._raw.body(key)
                found = await asyncio.to_thread(find_in, body or b"", asset_id, at_ms)
                if found is not None:
                    return objects[key], found
        return None

    async def _hours(self, at_ms: int | None) -> list[Hour]:
        """The receive hours in which an answer of that time was stored; the newest two without one."""
        if at_ms is None:
            newest = await self._raw.newest(ASSETS.name)
            hour = None if newest is None else newest.hour
            return [] if hour is None else [hour, hour_of(hour.start_ms - HOUR_MS)]
        skew_ms = self._parts.settings.max_skew_s * 1000
        hours = (hour_of(at_ms), hour_of(at_ms + skew_ms), hour_of(at_ms - skew_ms))
        return list(dict.fromkeys(hours))

    async def sparklines(self, request: web.Request) -> web.Response:
        """The closes of the assets with most volume, at one interval over one window."""
        settings = self._parts.settings
        given = only(request, "interval", "from", "to", "limit")
        interval = given.get("interval", "1h")
        if interval not in _INTERVALS:
            raise BadRequestError(f"interval must be one of {', '.join(_INTERVALS)}")
        width_ms = INTERVALS_MS[interval]
        asked = window_of(
            given.get("from"),
            given.get("to"),
            now_ms=self._parts.now_ms(),
            default_ms=_DAY_MS,
            max_ms=(_MOST_POINTS - 1) * width_ms,
        )
        window = _whole(asked, width_ms)
        most = settings.limits.max_assets
        limit = integer(given.get("limit"), "limit", default=min(100, most), low=1, high=most)
        skew_ms = settings.max_skew_s * 1000
        first, last = received_hours(window, skew_ms)

        def build(heads: Heads) -> BoundedStatement | None:
            is_live = is_open(heads, ASSETS.name, last)
            if not is_live and not between(heads, ASSETS.name, first, last):
                return None
            statement = sparklines.sparklines(
                self._parts.database, interval, window, skew_ms, limit, is_live=is_live
            )
            return BoundedStatement(statement, first, last, limit, is_live=is_live)

        found = await steady(self._parts, build, days_of(first, last))
        lines = sparklines.as_lines(_records(found.result), window, width_ms)
        data: list[dict[str, Any]] = [
            {**line, "change_pct": sparklines.change_pct(line["closes"])} for line in lines
        ]
        about = answer_meta(
            found.view,
            [ASSETS.name],
            found.result,
            settings.athena.usd_per_tb,
            found.version,
            is_live=found.is_live,
        )
        more = {
            "interval": interval,
            "from": rfc3339(window.from_ms),
            "to": rfc3339(window.to_ms),
        }
        return json_answer({"data": data, "meta": {**about, **more, "rows": len(data)}})


def _whole(window: TimeWindow, width_ms: int) -> TimeWindow:
    """Whole intervals, from that of `from` to that of the last moment."""
    return TimeWindow(
        window.from_ms // width_ms * width_ms, -(-window.to_ms // width_ms) * width_ms
    )
