"""Rates and exchanges: things of a feed with an id of their own, latest and in time."""

from dataclasses import dataclass

from aiohttp import web

from query_api.core.feed_rows import EXCHANGE_ROWS, RATE_ROWS, FeedRows
from query_api.core.operation import ASKS_ATHENA, Operation, rows_answer
from query_api.core.parameters import ids, path_id
from query_api.core.problems import not_found
from query_api.core.schema_parts import many, ref
from query_api.core.schemas import enveloped
from query_api.core.statements import one_of
from query_api.core.usual_parameters import FRESHNESS, limit
from query_api.routes.feed_reads import FeedReads
from query_api.routes.histories import Histories, page_answer
from query_api.routes.parameters import read
from query_api.routes.parts import ApiParts
from query_api.routes.route import Route, in_each_form
from query_api.routes.row_answers import RECORD


@dataclass(frozen=True, slots=True)
class Thing:
    """What is told of a feed: its rows, the words for one and many, and names of schemas."""

    rows: FeedRows
    one: str
    path: str
    schema: str
    example: str


RATE = Thing(RATE_ROWS, "rate", "/v1/rates", "Rate", "euro")
EXCHANGE = Thing(EXCHANGE_ROWS, "exchange", "/v1/exchanges", "Exchange", "binance")


class ThingRoutes:
    """Handlers of scope `read` for one kind of thing."""

    def __init__(self, parts: ApiParts, thing: Thing) -> None:
        limits, one = parts.settings.limits, thing.one
        group = f"{one.title()}s"
        self._thing = thing
        self._reads = FeedReads(parts, thing.rows)
        self._histories = Histories(parts, thing.rows)
        self._id = path_id("id", f"CoinCap's id of the {one} (slug).")
        self._limit = limit(limits.max_rows, 1000)
        self._ids = ids("ids", f"Ids of {one}s, with commas between them.", limits.max_ids)
        self._list = Operation(
            "GET",
            thing.path,
            group,
            f"The latest row of each {one} in the newest hours",
            rows_answer("Latest rows.", enveloped(many(ref(thing.schema)))),
            (self._limit, self._ids, *FRESHNESS),
            ASKS_ATHENA,
            example=f"{thing.path}?limit=10",
        )
        self._one = Operation(
            "GET",
            f"{thing.path}/{{id}}",
            group,
            f"The latest row of one {one}; 404 where the newest hours do not contain it",
            rows_answer("The latest row.", enveloped(ref(thing.schema))),
            (self._id, *FRESHNESS),
            (404, *ASKS_ATHENA),
            example=f"{thing.path}/{thing.example}",
        )
        self._history = Operation(
            "GET",
            f"{thing.path}/{{id}}/history",
            group,
            f"Rows of one {one} within a range of source time, by default the last 24 hours",
            page_answer(f"{thing.schema}Then"),
            (self._id, *self._histories.parameters),
            ASKS_ATHENA,
            example=f"{thing.path}/{thing.example}/history?limit=10",
        )

    def routes(self) -> list[Route]:
        return [
            *in_each_form(self._list, self.all),
            # An id may have a dot, so that an extension would be part of it.
            Route(self._one, self.one),
            *in_each_form(self._history, self.history),
        ]

    async def all(self, request: web.Request) -> web.Response:
        """Latest rows: of all, or of those that are asked for."""
        given = read(request, self._list)
        wanted, (identity, *_) = given[self._ids], self._reads.rows.identity
        which = one_of(identity, wanted) if wanted else None
        found = await self._reads.latest(request, given[self._limit], which)
        rows = self._reads.listed(found)
        return await self._reads.answer(request, found, rows, self._reads.missing(wanted, rows))

    async def one(self, request: web.Request) -> web.Response:
        """The latest row of one."""
        given, (identity, *_) = read(request, self._one), self._reads.rows.identity
        found = await self._reads.latest(request, 1, one_of(identity, (given[self._id],)))
        rows = self._reads.listed(found)
        if not len(rows):
            one = self._thing.one
            raise not_found(f"the newest hours do not contain {_an(one)} with this id")
        return await self._reads.answer(request, found, rows, shape=RECORD)

    async def history(self, request: web.Request) -> web.Response:
        """Rows of one in [from, to) of `source_ts`."""
        given = read(request, self._history)
        return await self._histories.answer(request, given, (given[self._id],))


def _an(noun: str) -> str:
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"
