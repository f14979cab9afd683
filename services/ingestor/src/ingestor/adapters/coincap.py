"""CoinCap over HTTP: one GET and its decoded body, nothing trusted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from pydantic import SecretStr

from ingestor.core.http_dates import http_date_ms
from ingestor.core.ports import Api, ApiAnswer, Call, NoAnswerError

_CHUNK_BYTES = 64 * 1024
# A shorter key ("demo", "test") could be an ordinary word of an ordinary answer.
_SECRET_LENGTH = 12
# RFC 9111, 5.1: an answer from a cache was made so many seconds before it was sent. A day is
# enough for any cache, and digits without end are none.
_MAX_AGE_DIGITS = 5


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """How long one call may take, and how large a decoded body may be."""

    timeout_s: float
    connect_timeout_s: float
    max_body_bytes: int


class _ClosedError(Exception):
    """The connection ended before the first byte of an answer."""


class HttpApi:
    """The API through aiohttp. `fresh` opens a connection for each call."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        fresh: aiohttp.ClientSession,
        key: SecretStr | None,
        limits: HttpLimits,
    ) -> None:
        self._session = session
        self._fresh = fresh
        self._key = None if key is None else key.get_secret_value()
        self._limits = limits

    async def get(self, url: str, call: Call) -> ApiAnswer:
        try:
            async with asyncio.timeout(self._limits.timeout_s):
                return await self._asked(url, call)
        except TimeoutError as error:
            if not call.was_sent:
                raise NoAnswerError("unreachable", "connecting timed out") from error
            raise NoAnswerError("timeout", "the answer timed out") from error
        except aiohttp.ClientPayloadError as error:
            raise NoAnswerError("incomplete_body", "the body ended early") from error
        except aiohttp.ClientConnectorError as error:
            raise NoAnswerError("unreachable", type(error).__name__) from error
        except _ClosedError as error:
            raise NoAnswerError("connection", type(error.__cause__).__name__) from error
        except (aiohttp.ClientError, ValueError) as error:
            # Only the class: a client error's text may hold what the server sent.
            raise NoAnswerError("connection", type(error).__name__) from error

    async def _asked(self, url: str, call: Call) -> ApiAnswer:
        try:
            return await self._once(self._session, url, call)
        except _ClosedError:
            if not call.was_idle:
                raise
        # RFC 9112, 9.3.1 and 9.5: a server may close an idle connection at any moment, also as
        # the request is on its way. It was not heard; the others that are idle may be closed too.
        call.was_sent = False
        return await self._once(self._fresh, url, call)

    async def _once(self, session: aiohttp.ClientSession, url: str, call: Call) -> ApiAnswer:
        try:
            # A redirect would carry the key to wherever an answer says.
            response = await session.get(
                url, headers=self._headers(), allow_redirects=False, trace_request_ctx=call
            )
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            if isinstance(error, aiohttp.ClientConnectorError):
                raise
            raise _ClosedError from error
        async with response:
            body = await self._read(response.content)
            headers = response.headers
            return ApiAnswer(
                response.status,
                body,
                headers.get("Retry-After"),
                sent_ms(headers.get("Date"), headers.get("Age")),
            )

    def _headers(self) -> dict[str, str]:
        # Made per call and never a session default: nothing else may send the key.
        return {} if self._key is None else {"Authorization": f"Bearer {self._key}"}

    async def _read(self, content: aiohttp.StreamReader) -> bytes:
        body, most = bytearray(), self._limits.max_body_bytes
        async for chunk in content.iter_chunked(_CHUNK_BYTES):
            body += chunk
            if len(body) > most:
                raise NoAnswerError("too_large", f"more than {most} bytes", len(body))
        if self._key and len(self._key) >= _SECRET_LENGTH and self._key.encode() in body:
            # Raw is for ever and for many eyes. Rather lose an answer than publish the key.
            raise NoAnswerError("key_echoed", "the body holds our API key", len(body))
        return bytes(body)


def sent_ms(date: str | None, age: str | None) -> int | None:
    """When an answer was sent, by its headers; None where they do not tell."""
    made_ms = None if date is None else http_date_ms(date)
    if made_ms is None or age is None:
        return made_ms
    is_number = age.isascii() and age.isdigit() and len(age) <= _MAX_AGE_DIGITS
    return made_ms + int(age) * 1_000 if is_number else None


def _watching_calls() -> aiohttp.TraceConfig:
    """Tells each call what becomes of it."""
    config = aiohttp.TraceConfig()

    async def sent(_: Any, context: Any, __: Any) -> None:
        context.trace_request_ctx.was_sent = True

    async def reused(_: Any, context: Any, __: Any) -> None:
        context.trace_request_ctx.was_idle = True

    config.on_request_headers_sent.append(sent)
    config.on_connection_reuseconn.append(reused)
    return config


@asynccontextmanager
async def open_api(key: SecretStr | None, limits: HttpLimits) -> AsyncIterator[Api]:
    """A session that keeps connections alive and asks for gzip.

    It has as many connections as there are calls: who may call at all waits for its turn before
    that, where no time limit runs and no credit is set aside.
    """
    async with AsyncExitStack() as stack:
        sessions = [
            await stack.enter_async_context(
                aiohttp.ClientSession(
                    # The whole of a call has its limit in `get`, both tries together.
                    timeout=aiohttp.ClientTimeout(total=None, connect=limits.connect_timeout_s),
                    headers={
                        "Accept": "application/json",
                        "Accept-Encoding": "gzip",
                        "User-Agent": "coinlake-ingestor",
                    },
                    cookie_jar=aiohttp.DummyCookieJar(),
                    connector=aiohttp.TCPConnector(limit=0, force_close=is_fresh),
                    trace_configs=[_watching_calls()],
                )
            )
            for is_fresh in (False, True)
        ]
        for session in sessions:
            # aiohttp repeats a GET by itself: on one that was idle too, but also on others
            # (aiohttp 3.14, client.py: IDEMPOTENT_METHODS; aiohttp #10790).
            session._retry_connection = False
        yield HttpApi(sessions[0], sessions[1], key, limits)
