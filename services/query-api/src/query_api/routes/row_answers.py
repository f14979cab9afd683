"""Rows as an HTTP answer: encoded and compressed beside the loop, whole where they are few, else as
a stream."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson
import pyarrow as pa
from aiohttp import web

from coinlake.errors import TransientError
from query_api.adapters.workers import Workers
from query_api.core.answers import ResultColumn, Rows
from query_api.core.codings import CODINGS, IDENTITY, coding_of
from query_api.core.columnar import UnreadableValueError
from query_api.core.columnar_encoders import ArrowEncoder, ParquetEncoder
from query_api.core.encoders import (
    Bytes,
    CsvEncoder,
    JsonEncoder,
    JsonShape,
    Meta,
    NdjsonEncoder,
)
from query_api.core.negotiation import Format, wanted_coding
from query_api.core.ports import Coding, Encoder
from query_api.core.problems import result_damaged, unavailable
from query_api.metrics import QueryApiMetrics
from query_api.routes.formats import OFFER
from query_api.routes.headers import joined
from query_api.routes.row_feed import Page, RowFeed, feed_of_rows
from query_api.routes.row_stream import RowsBody

OBJECTS = JsonShape({}, "data", as_objects=True)
"""JSON of a typed endpoint: `data` with an object for each row."""
RECORD = JsonShape({}, "data", as_objects=True, is_record=True)
"""The same of one row."""

# Below this a body is not worth compressing (it may grow), and above the other not worth holding.
_SMALLEST_COMPRESSED = 1024
_LARGEST_WHOLE = 256 * 1024
# As many cells are done within a millisecond: less than a thread and back under load.
_CELLS_AT_ONCE = 1000
_CHARSETS = {Format.JSON: "utf-8", Format.CSV: "utf-8"}


@dataclass(frozen=True, slots=True)
class RowAnswers:
    """Makes answers of rows. `write_deadline_s`: the longest wait for a client to take a piece."""

    workers: Workers
    metrics: QueryApiMetrics
    write_deadline_s: float

    async def of(
        self, request: web.Request, rows: Rows, meta: Meta, shape: JsonShape = OBJECTS
    ) -> web.Response:
        """All of these rows in the form that the request wants."""

        async def told(_: Page) -> Meta:
            return {**meta, "rows": len(rows)}

        return await self.of_feed(request, feed_of_rows(rows), told, shape)

    async def of_feed(
        self,
        request: web.Request,
        feed: RowFeed,
        meta_of: Callable[[Page], Awaitable[Meta]],
        shape: JsonShape,
    ) -> web.Response:
        """The rows of a feed; `meta_of` says the meta once it is known which they are."""
        offer = request[OFFER]
        encoder = _encoder(offer.format, feed.columns, shape)
        try:
            held = [await self._block(encoder, cells) async for cells in feed.held()]
            page = await feed.page()
        except TransientError as error:
            raise unavailable("the result") from error
        meta = await meta_of(page)
        head = encoder.head(meta)
        headers = {} if offer.format is Format.JSON else meta_headers(meta)
        if meta.get("next"):
            headers["Link"] = f'<{meta["next"]}>; rel="next"'
        charset = _CHARSETS.get(offer.format)
        media_type = offer.media_type + (f"; charset={charset}" if charset else "")
        coding = _coding(request, offer.format)
        if not feed.is_finished:
            behind = self._behind(feed.rest(page.rows), encoder, meta)
            parts = _chained([head, *held], behind)
            return self._stream(parts, None, media_type, coding, headers)
        whole = [head, *held, await self._tail(encoder, meta)]
        size = sum(map(len, whole))
        if size > _LARGEST_WHOLE:
            known = size if coding == IDENTITY else None
            return self._stream(_each(whole), known, media_type, coding, headers)
        return await self._whole(b"".join(whole), media_type, coding, headers)

    async def _whole(
        self, body: bytes, media_type: str, coding: str, headers: dict[str, str]
    ) -> web.Response:
        if coding != IDENTITY and len(body) >= _SMALLEST_COMPRESSED:
            body = await self.workers.run(_compressed, body, coding)
            headers = {**headers, "Content-Encoding": coding}
        return web.Response(body=body, headers={"Content-Type": media_type, **headers})

    def _stream(
        self,
        parts: AsyncGenerator[Bytes],
        size: int | None,
        media_type: str,
        coding: str,
        headers: dict[str, str],
    ) -> web.Response:
        if coding != IDENTITY:
            parts = self._coded(parts, coding_of(coding))
            headers = {**headers, "Content-Encoding": coding}
        body = RowsBody(parts, media_type, size, self.write_deadline_s, self.metrics)
        return web.Response(body=body, headers={"Content-Type": media_type, **headers})

    async def _behind(
        self, tables: AsyncIterator[pa.Table], encoder: Encoder, meta: Meta
    ) -> AsyncGenerator[Bytes]:
        async for cells in tables:
            yield await self._block(encoder, cells)
        yield await self._tail(encoder, meta)

    async def _coded(
        self, parts: AsyncGenerator[Bytes], coding: Coding
    ) -> AsyncGenerator[Bytes]:
        async for part in parts:
            if packed := await self.workers.run(coding.compress, part):
                yield packed
        yield await self.workers.run(coding.flush)

    async def _block(self, encoder: Encoder, cells: pa.Table) -> Bytes:
        try:
            if cells.num_rows * cells.num_columns <= _CELLS_AT_ONCE:
                return encoder.block(cells)
            return await self.workers.run(encoder.block, cells)
        except UnreadableValueError as error:
            raise result_damaged(str(error)) from error

    async def _tail(self, encoder: Encoder, meta: Meta) -> Bytes:
        if isinstance(encoder, ParquetEncoder):
            # Its last row group is written now.
            return await self.workers.run(encoder.tail, meta)
        return encoder.tail(meta)


def meta_headers(meta: Meta) -> dict[str, str]:
    """The meta for forms that have no place for it: `Coinlake-Dataset-Version` and so on; a member
    that is null is left out, one that is no text is JSON."""
    return {
        "Coinlake-" + name.replace("_", "-").title(): _header_value(value)
        for name, value in meta.items()
        if value is not None and name != "next"
    }


def _header_value(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _encoder(form: Format, columns: tuple[ResultColumn, ...], shape: JsonShape) -> Encoder:
    if form is Format.JSON:
        return JsonEncoder(columns, shape)
    makers: dict[Format, Callable[[tuple[ResultColumn, ...]], Encoder]] = {
        Format.NDJSON: NdjsonEncoder,
        Format.CSV: CsvEncoder,
        Format.ARROW: ArrowEncoder,
        Format.PARQUET: ParquetEncoder,
    }
    return makers[form](columns)


def _coding(request: web.Request, form: Format) -> str:
    """Parquet is compressed already."""
    if form is Format.PARQUET:
        return IDENTITY
    return wanted_coding(joined(request, "Accept-Encoding"), CODINGS)


def _compressed(body: bytes, name: str) -> bytes:
    coding = coding_of(name)
    return coding.compress(body) + coding.flush()


async def _each(parts: list[Bytes]) -> AsyncGenerator[Bytes]:
    for part in parts:
        yield part


async def _chained(parts: list[Bytes], behind: AsyncGenerator[Bytes]) -> AsyncGenerator[Bytes]:
    for part in parts:
        yield part
    async with aclosing(behind):
        async for part in behind:
            yield part
