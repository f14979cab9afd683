"""Assets: latest rows of all, some or one, and their quotes."""

from aiohttp import web

from query_api.core.feed_rows import ASSET_ROWS
from query_api.core.literals import varchar
from query_api.core.operation import ASKS_ATHENA, Operation, rows_answer
from query_api.core.parameters import ids, path_id, required, word
from query_api.core.problems import not_found
from query_api.core.schema_parts import many, ref
from query_api.core.schemas import enveloped
from query_api.core.statements import Condition, all_of, either, one_of
from query_api.core.usual_parameters import FRESHNESS, limit
from query_api.routes.feed_reads import FeedReads
from query_api.routes.histories import Histories, page_answer
from query_api.routes.parameters import read
from query_api.routes.parts import ApiParts
from query_api.routes.route import Route, in_each_form
from query_api.routes.row_answers import RECORD

_ID = path_id("id", "CoinCap's id of the asset (slug), not its symbol: symbols are shared.")
_SYMBOL = word(
    "symbol", "Ticker, in upper or lower case; all assets that share it are returned."
)
_SEARCH = word("search", "How the id, the symbol or the name begins, in upper or lower case.")
_NO_SUCH_ASSET = (
    "the newest hours do not contain an asset with this id; ids are CoinCap's slugs, such as bitcoin: "
    "look up a symbol with /v1/assets?symbol="
)


class AssetRoutes:
    """Handlers of scope `read`."""

    def __init__(self, parts: ApiParts) -> None:
        limits = parts.settings.limits
        self._reads = FeedReads(parts, ASSET_ROWS)
        self._histories = Histories(parts, ASSET_ROWS)
        self._limit = limit(limits.max_assets, 100)
        self._ids = ids("ids", "Ids of assets, with commas between them.", limits.max_ids)
        self._list = Operation(
            "GET",
            "/v1/assets",
            "Assets",
            "The latest row of each asset in the newest hours, by rank",
            rows_answer("Latest rows.", enveloped(many(ref("Asset")))),
            (self._limit, self._ids, _SYMBOL, _SEARCH, *FRESHNESS),
            ASKS_ATHENA,
            example="/v1/assets?ids=bitcoin,ethereum",
        )
        self._one = Operation(
            "GET",
            "/v1/assets/{id}",
            "Assets",
            "The latest row of one asset; 404 where the newest hours do not contain it",
            rows_answer("The latest row.", enveloped(ref("Asset"))),
            (_ID, *FRESHNESS),
            (404, *ASKS_ATHENA),
            example="/v1/assets/bitcoin",
        )
        self._of_one = Operation(
            "GET",
            "/v1/assets/{id}/quotes",
            "Assets",
            "Quotes of an asset within a range of source time, by default the last 24 hours",
            page_answer("Quote"),
            (_ID, *self._histories.parameters),
            ASKS_ATHENA,
            example="/v1/assets/bitcoin/quotes?limit=10&order=desc",
        )
        self._some = required(self._ids)
        self._of_some = Operation(
            "GET",
            "/v1/quotes",
            "Assets",
            "The same of several assets: by source time, then id",
            page_answer("Quote"),
            (self._some, *self._histories.parameters),
            ASKS_ATHENA,
            example="/v1/quotes?ids=bitcoin,ethereum&limit=10&order=desc",
        )

    def routes(self) -> list[Route]:
        return [
            *in_each_form(self._list, self.assets),
            # An asset's id may have a dot, so that an extension would be part of it.
            Route(self._one, self.asset),
            *in_each_form(self._of_one, self.quotes),
            *in_each_form(self._of_some, self.quotes_of_some),
        ]

    async def assets(self, request: web.Request) -> web.Response:
        """Latest rows by rank: of all assets, or of those that are asked for."""
        given = read(request, self._list)
        wanted, symbol, search = given[self._ids], given[_SYMBOL], given[_SEARCH]
        asked = all_of(
            None if symbol is None else _has_symbol(symbol),
            None if search is None else _begins_with(search),
        )
        found = await self._reads.latest(
            request,
            given[self._limit],
            one_of("asset_id", wanted) if wanted else None,
            asked,
        )
        rows = self._reads.listed(found)
        return await self._reads.answer(request, found, rows, self._reads.missing(wanted, rows))

    async def asset(self, request: web.Request) -> web.Response:
        """The latest row of one asset. A symbol is no id: several assets may share it, and a guess
        would be the price of another."""
        asset_id = read(request, self._one)[_ID]
        found = await self._reads.latest(request, 1, one_of("asset_id", (asset_id,)))
        rows = self._reads.listed(found)
        if not len(rows):
            raise not_found(_NO_SUCH_ASSET)
        return await self._reads.answer(request, found, rows, shape=RECORD)

    async def quotes(self, request: web.Request) -> web.Response:
        """The quotes of an asset in [from, to) of `source_ts`."""
        given = read(request, self._of_one)
        return await self._histories.answer(request, given, (given[_ID],))

    async def quotes_of_some(self, request: web.Request) -> web.Response:
        """The quotes of several assets in [from, to) of `source_ts`."""
        given = read(request, self._of_some)
        return await self._histories.answer(request, given, given[self._some])


def _has_symbol(symbol: str) -> Condition:
    return Condition("upper(symbol) = upper(?)", (varchar(symbol),))


def _begins_with(text: str) -> Condition:
    # starts_with knows no wildcards: % and _ are themselves.
    columns = ("asset_id", "symbol", "name")
    return either(
        *(
            Condition(f"starts_with(lower({name}), lower(?))", (varchar(text),))
            for name in columns
        )
    )
