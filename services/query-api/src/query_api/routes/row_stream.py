"""A body that is sent as it is made, and cut so that the client sees it where it cannot be finished."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from aiohttp import ClientConnectionResetError
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from coinlake import logs
from coinlake.errors import TransientError
from query_api.core.encoders import Bytes
from query_api.core.problems import ProblemError
from query_api.metrics import QueryApiMetrics

log = logs.get(__name__)

# A reader takes as much within the deadline, or is let go: 256 KiB in 30 s is 9 kB/s.
_PIECE_BYTES = 256 * 1024


class RowsBody(Payload):
    """The parts of a body. Where they end early, or the client reads too slowly, the connection is
    reset: neither the chunk of length 0 nor the last byte of Content-Length comes."""

    _autoclose = True

    def __init__(
        self,
        parts: AsyncGenerator[Bytes],
        media_type: str,
        size: int | None,
        write_deadline_s: float,
        metrics: QueryApiMetrics,
    ) -> None:
        super().__init__(parts, content_type=media_type)
        self._size = size
        self._parts = parts
        self._write_deadline_s = write_deadline_s
        self._metrics = metrics

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        raise TypeError("the rows are sent once, as they are made")

    async def write(self, writer: AbstractStreamWriter) -> None:
        try:
            async with aclosing(self._parts) as parts:
                async for part in parts:
                    await self._send(writer, part)
        except TimeoutError as error:
            self._cut(writer, "slow_reader", error)
        except (ProblemError, TransientError) as error:
            self._cut(writer, "source", error)

    async def _send(self, writer: AbstractStreamWriter, part: Bytes) -> None:
        view = memoryview(part)
        for start in range(0, len(view), _PIECE_BYTES):
            async with asyncio.timeout(self._write_deadline_s):
                await writer.write(view[start : start + _PIECE_BYTES])

    def _cut(self, writer: Any, reason: str, error: Exception) -> None:
        """Raises what aiohttp takes for a connection that is gone."""
        self._metrics.cut_answers.labels(reason).inc()
        log.warning("answer_cut", reason=reason, error=str(error) or type(error).__name__)
        if writer.transport is not None:
            writer.transport.abort()
        raise ClientConnectionResetError("the answer was cut") from error
