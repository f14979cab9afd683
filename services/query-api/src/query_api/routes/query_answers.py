"""Answers of ad-hoc SQL: a page of the rows, and the cursor of the next one."""

from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from coinlake.errors import TransientError
from query_api.core.answers import START, ResultColumn, ResultObject, Rows
from query_api.core.cursors import Cursor, cursor_text, read_cursor
from query_api.core.encoders import JsonShape, Meta
from query_api.core.ports import SqlEngine
from query_api.core.problems import result_gone, unavailable
from query_api.routes.middleware import CALLER
from query_api.routes.result_pages import ResultPages
from query_api.routes.row_answers import RowAnswers
from query_api.routes.row_feed import Page, RowFeed


@dataclass(frozen=True, slots=True)
class PageAsk:
    """Which page of which query is wanted: from the cursor's row on, or from the first."""

    query_id: str
    most: int
    cursor: Cursor | None = None

    @property
    def first(self) -> int:
        return 0 if self.cursor is None else self.cursor.row


@dataclass(frozen=True, slots=True)
class QueryAnswers:
    """Pages of results. `secret` signs their cursors."""

    answers: RowAnswers
    pages: ResultPages
    engine: SqlEngine
    secret: bytes

    def cursor(self, request: web.Request, text: str, query_id: str) -> Cursor:
        """The cursor that the caller sent back. Raises BadRequestError."""
        return read_cursor(text, query_id, request[CALLER].name, self.secret)

    async def page(
        self, request: web.Request, ask: PageAsk, rows: Rows | None, meta: Meta
    ) -> web.Response:
        """The asked page; `rows` are the first of the result, where this process has kept them.

        Raises ProblemError where the result is gone, damaged or cannot be reached.
        """
        feed, source = await self._feed(ask, rows)

        async def meta_of(page: Page) -> Meta:
            told = {**meta, "rows": page.rows, "truncated": page.more}
            return {**told, "next": await self._next(request, ask, page, rows, source, meta)}

        shape = JsonShape(
            {
                "id": ask.query_id,
                "state": "SUCCEEDED",
                "columns": [_described(column) for column in feed.columns],
            },
            "rows",
            as_objects=False,
        )
        return await self.answers.of_feed(request, feed, meta_of, shape)

    async def _feed(
        self, ask: PageAsk, rows: Rows | None
    ) -> tuple[RowFeed, ResultObject | None]:
        if rows is not None:
            feed = self.pages.kept(rows, ask.first, ask.most)
            if feed is not None:
                return feed, rows.source
        source = await self._source(ask.cursor, rows)
        near = START if ask.cursor is None else ask.cursor.anchor
        return self.pages.stored(source, rows, ask.first, ask.most, near), source

    async def _next(
        self,
        request: web.Request,
        ask: PageAsk,
        page: Page,
        rows: Rows | None,
        source: ResultObject | None,
        meta: Meta,
    ) -> str | None:
        """Where the next page is; None behind the last, and at the most rows of a result."""
        behind = page.first + page.rows
        if not page.more or behind >= self.pages.max_rows:
            return None
        found = source or await self._source(ask.cursor, rows)
        cursor = Cursor(ask.query_id, found.execution_id, found.etag, behind, page.near, meta)
        text = cursor_text(cursor, request[CALLER].name, self.secret)
        # The same path: an extension stays.
        return f"{request.path}?{urlencode({'cursor': text, 'max_rows': ask.most})}"

    async def _source(self, cursor: Cursor | None, rows: Rows | None) -> ResultObject:
        """The result object that the cursor is of."""
        source = None if rows is None else rows.source
        if source is None:
            known = cursor if rows is None else rows
            if known is None:
                raise result_gone()
            source = await self._located(known.execution_id)
        if cursor is not None and cursor.etag != source.etag:
            raise result_gone()
        return source

    async def _located(self, execution_id: str) -> ResultObject:
        try:
            return await self.engine.located(execution_id)
        except TransientError as error:
            raise unavailable("Athena") from error


def _described(column: ResultColumn) -> dict[str, str]:
    return {"name": column.name, "type": column.type}
