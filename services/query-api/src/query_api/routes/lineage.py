"""Where a price comes from: the answer in the raw zone that holds it."""

import asyncio
from typing import Any

from aiohttp import web

from coinlake.contracts.datasets import ASSETS
from coinlake.contracts.hours import HOUR_MS, Hour, hour_of
from coinlake.errors import TransientError
from query_api.core.coverage import PublishedHour, hour_name
from query_api.core.days import days_of
from query_api.core.operation import Answer, Operation
from query_api.core.origin import Found, candidates, find_in, lineage
from query_api.core.parameters import instant, path_id
from query_api.core.problems import not_found, unavailable
from query_api.core.raw_state import RawObject
from query_api.core.schema_parts import ref
from query_api.core.schemas import enveloped
from query_api.core.window import rfc3339
from query_api.routes.answer_meta import looked_meta
from query_api.routes.formats import json_alone
from query_api.routes.parameters import read
from query_api.routes.parts import ApiParts
from query_api.routes.responses import json_answer
from query_api.routes.route import Route

_OBJECTS_READ = 6
_ID = path_id("id", "CoinCap's id of the asset (slug).")
_AT = instant("at", "source_ts of the answer, to the millisecond; without it the newest.")
_OPERATION = Operation(
    "GET",
    "/v1/assets/{id}/lineage",
    "Lake",
    "Where a price comes from: the poll, the body's hash, its place in Kafka, raw object and version",
    {200: Answer("The way of the price.", enveloped(ref("Lineage")))},
    (_ID, _AT),
    (404, 406, 503),
    example="/v1/assets/bitcoin/lineage",
)


class LineageRoutes:
    """Handlers of scope `read`. It reads the raw zone: no query, and open hours too."""

    def __init__(self, parts: ApiParts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        return [Route(_OPERATION, self.lineage)]

    async def lineage(self, request: web.Request) -> web.Response:
        """The answer that a price was in, newest or of a source time."""
        given = read(request, _OPERATION)
        json_alone(request)
        try:
            place = await self._find(given[_ID], given[_AT])
        except TransientError as error:
            raise unavailable("the raw zone") from error
        if place is None:
            raise not_found("no raw object near this time has an answer with this asset")
        one, found = place
        hour = one.key.hour
        view = await self._parts.view((ASSETS.name,), days_of(hour, hour))
        head = view.heads.get((ASSETS.name, hour))
        data = {"asset_id": given[_ID], **lineage(found), **_stored(one, found)}
        data["published"] = None if head is None else _published(hour, head)
        usd_per_tb = self._parts.settings.athena.usd_per_tb
        return json_answer(
            {"data": data, "meta": looked_meta(view, [ASSETS.name], usd_per_tb, 1)}
        )

    async def _find(self, asset_id: str, at_ms: int | None) -> tuple[RawObject, Found] | None:
        """Read a few objects of the hours that can hold it, the likeliest first."""
        raw, left = self._parts.lake.raw, _OBJECTS_READ
        for hour in await self._hours(at_ms):
            objects = {one.listed.key: one for one in await raw.objects(ASSETS.name, hour)}
            ends = [(key, one.listed.last_modified_ms) for key, one in objects.items()]
            for key in candidates(ends, at_ms, left):
                left -= 1
                body = await raw.body(key)
                found = await asyncio.to_thread(find_in, body or b"", asset_id, at_ms)
                if found is not None:
                    return objects[key], found
        return None

    async def _hours(self, at_ms: int | None) -> list[Hour]:
        """The receive hours in which an answer of that time was stored; the newest two without one."""
        if at_ms is None:
            newest = await self._parts.lake.raw.newest(ASSETS.name)
            hour = None if newest is None else newest.hour
            return [] if hour is None else [hour, hour_of(hour.start_ms - HOUR_MS)]
        skew_ms = self._parts.settings.max_skew_s * 1000
        hours = (hour_of(at_ms), hour_of(at_ms + skew_ms), hour_of(at_ms - skew_ms))
        return list(dict.fromkeys(hours))


def _stored(one: RawObject, found: Found) -> dict[str, Any]:
    return {
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
    }


def _published(hour: Hour, head: PublishedHour) -> dict[str, Any]:
    return {
        "hour": hour_name(hour),
        "version": head.version,
        "run_id": head.run_id,
        "committed_at": rfc3339(head.committed_at_ms),
        "complete": head.complete,
    }
