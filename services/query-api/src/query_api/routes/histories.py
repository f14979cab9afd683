"""Histories of a feed's things: pages of rows by source time, each with a link to the next."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from query_api.core.days import DAY_MS
from query_api.core.feed_rows import FeedRows
from query_api.core.history import Page, history
from query_api.core.known_columns import of_feed
from query_api.core.operation import Answer, rows_answer
from query_api.core.parameters import Given, Parameter
from query_api.core.schema_parts import many, ref
from query_api.core.schemas import enveloped
from query_api.core.statements import Statement, one_of
from query_api.core.usual_parameters import FRESHNESS, FROM, ORDER, SKIP, TO, limit
from query_api.core.window import instant_ms, rfc3339, window_of
from query_api.routes.feed_reads import FeedReads, rows_of, texts
from query_api.routes.parts import ApiParts


class Histories:
    """Pages of a feed's rows; `parameters` are what they are asked by, beside what is asked for."""

    def __init__(self, parts: ApiParts, rows: FeedRows) -> None:
        self._parts = parts
        self._reads = FeedReads(parts, rows)
        self._limit = limit(parts.settings.limits.max_rows, 1000)
        self.parameters: tuple[Parameter[Any], ...] = (
            FROM,
            TO,
            self._limit,
            ORDER,
            SKIP,
            *FRESHNESS,
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
            default_ms=DAY_MS,
            max_ms=limits.max_quotes_range_s * 1000,
        )
        page = Page(window, given[self._limit], given[ORDER], given[SKIP])
        which = one_of(rows.identity[0], ids)

        def ask(is_live: bool) -> Statement:
            database = self._parts.database
            return history(database, rows, which, page, self._reads.skew_ms, is_live=is_live)

        found = await self._reads.ranged(request, ask, window, page.limit)
        told = rows_of(found, of_feed(rows, rows.told))
        further = None
        if told.truncated:
            further = _path(request, page.after(texts(told, "source_ts"), _moment_ms))
        return await self._reads.answer(request, found, told, {"next": further})


def page_answer(schema: str) -> Mapping[int, Answer]:
    """What a page is in the document."""
    meaning = "Rows by source time; `meta.next` is the next page."
    return rows_answer(meaning, enveloped(many(ref(schema))))


def _moment_ms(text: str) -> int:
    return instant_ms(text, "source_ts")


def _path(request: web.Request, page: Page) -> str:
    """The same question for another page."""
    # Another page is of other hours, and so of another version.
    asked = {
        **{name: text for name, text in request.query.items() if name != "as_of"},
        "from": rfc3339(page.window.from_ms),
        "to": rfc3339(page.window.to_ms),
        "skip": str(page.skip),
    }
    return f"{request.rel_url.raw_path}?{urlencode(asked)}"
