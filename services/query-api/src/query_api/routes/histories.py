"""Histories of a feed's things: pages of rows by source time, each with a link to the next."""

from urllib.parse import urlencode

from aiohttp import web

from query_api.core.feed_rows import FeedRows
from query_api.core.history import Page, history
from query_api.core.operation import ASKS_ATHENA, Answer
from query_api.core.parameters import Given, Parameter
from query_api.core.schemas import enveloped, many, ref
from query_api.core.statements import Statement, one_of
from query_api.core.usual_parameters import FROM, ORDER, SKIP, TO, limit
from query_api.core.window import instant_ms, rfc3339, window_of
from query_api.routes.feed_reads import FeedReads, records
from query_api.routes.parts import ApiParts

_DAY_MS = 86_400_000
PROBLEMS = ASKS_ATHENA


class Histories:
    """Pages of a feed's rows; `parameters` are what they are asked by, beside what is asked for."""

    def __init__(self, parts: ApiParts, rows: FeedRows) -> None:
        self._parts = parts
        self._reads = FeedReads(parts, rows)
        self._limit = limit(parts.settings.limits.max_rows, 1000)
        self.parameters: tuple[Parameter[int | None] | Parameter[int] | Parameter[str], ...] = (
            FROM,
            TO,
            self._limit,
            ORDER,
            SKIP,
        )

    async def answer(
        self, request: web.Request, given: Given, ids: tuple[str, ...]
    ) -> web.Response:
        """The page that was asked for, of the things with these ids."""
        limits, rows = self._parts.settings.limits, self._reads.rows
        window = window_of(
            given[FROM],
            given[TO],
            now_ms=self._parts.now_ms(),
            default_ms=_DAY_MS,
            max_ms=limits.max_quotes_range_s * 1000,
        )
        page = Page(window, given[self._limit], given[ORDER], given[SKIP])
        which = one_of(rows.identity[0], ids)

        def ask(is_live: bool) -> Statement:
            database = self._parts.database
            return history(database, rows, which, page, self._reads.skew_ms, is_live=is_live)

        found = await self._reads.ranged(request, ask, window, page.limit)
        data = records(found.result)
        further = None
        if found.result is not None and found.result.rows.truncated:
            times_ms = [instant_ms(str(row["source_ts"]), "source_ts") for row in data]
            further = _path(request, page.after(times_ms))
        headers = {} if further is None else {"Link": f'<{further}>; rel="next"'}
        return await self._reads.answer(request, found, data, {"next": further}, headers)


def page_answer(schema: str) -> Answer:
    """What a page is in the document."""
    return Answer(
        "Rows by source time; `meta.next` is the next page.",
        enveloped(many(ref(schema))),
        headers=("Link",),
    )


def _path(request: web.Request, page: Page) -> str:
    """The same question for another page."""
    asked = {
        **request.query,
        "from": rfc3339(page.window.from_ms),
        "to": rfc3339(page.window.to_ms),
        "skip": str(page.skip),
    }
    return f"{request.rel_url.raw_path}?{urlencode(asked)}"
