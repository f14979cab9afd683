"""CoinCap over HTTP: one GET and its decoded body, nothing trusted."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal, Protocol

import aiohttp
from pydantic import SecretStr

from coinlake.errors import CoinlakeError

FailureKind = Literal[
    "unreachable", "timeout", "connection", "incomplete_body", "too_large", "key_echoed"
]
_CHUNK_BYTES = 64 * 1024
# A shorter key ("demo", "test") could be an ordinary word of an ordinary answer.
_SECRET_LENGTH = 12


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer with its whole body after transfer decompression."""

    status: int
    body: bytes
    retry_after: str | None


class NoAnswerError(CoinlakeError):
    """No complete body came; `kind` is from a closed list, for metrics."""

    def __init__(self, kind: FailureKind, said: str, decoded_bytes: int = 0) -> None:
        super().__init__(said)
        self.kind = kind
        self.decoded_bytes = decoded_bytes


class Api(Protocol):
    """The API: asks once, never again by itself."""

    async def get(self, url: str) -> Answer:
        """One GET. Raises NoAnswerError."""
        ...


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """How long one call may take, and how large a decoded body may be."""

    timeout_s: float
    connect_timeout_s: float
    max_body_bytes: int


class HttpApi:
    """The API through aiohttp."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        key: SecretStr | None,
        max_body_bytes: int,
    ) -> None:
        self._session = session
        self._key = None if key is None else key.get_secret_value()
        self._max_body_bytes = max_body_bytes

    async def get(self, url: str) -> Answer:
        try:
            # A redirect would carry the key to wherever an answer says.
            async with self._session.get(
                url, headers=self._headers(), allow_redirects=False
            ) as response:
                body = await self._read(response.content)
                return Answer(response.status, body, response.headers.get("Retry-After"))
        except TimeoutError as error:
            raise NoAnswerError("timeout", "no answer in time") from error
        except aiohttp.ClientPayloadError as error:
            raise NoAnswerError("incomplete_body", "the body broke off") from error
        except aiohttp.ClientConnectorError as error:
            raise NoAnswerError("unreachable", type(error).__name__) from error
        except (aiohttp.ClientError, ValueError) as error:
            # Only the class: a client error's text may hold what the server sent.
            raise NoAnswerError("connection", type(error).__name__) from error

    def _headers(self) -> dict[str, str]:
        # Made per call and never a session default: nothing else may send the key.
        return {} if self._key is None else {"Authorization": f"Bearer {self._key}"}

    async def _read(self, content: aiohttp.StreamReader) -> bytes:
        body = bytearray()
        async for chunk in content.iter_chunked(_CHUNK_BYTES):
            body += chunk
            if len(body) > self._max_body_bytes:
                said = f"more than {self._max_body_bytes} bytes"
                raise NoAnswerError("too_large", said, len(body))
        if self._key and len(self._key) >= _SECRET_LENGTH and self._key.encode() in body:
            # Raw is for ever and for many eyes. Rather lose an answer than publish the key.
            raise NoAnswerError("key_echoed", "the body holds our API key", len(body))
        return bytes(body)


@asynccontextmanager
async def open_api(key: SecretStr | None, limits: HttpLimits) -> AsyncIterator[Api]:
    """A session that keeps connections alive and asks for gzip."""
    timeout = aiohttp.ClientTimeout(total=limits.timeout_s, connect=limits.connect_timeout_s)
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "gzip",
        "User-Agent": "coinlake-ingestor",
    }
    async with aiohttp.ClientSession(
        timeout=timeout,
        headers=headers,
        cookie_jar=aiohttp.DummyCookieJar(),
        connector=aiohttp.TCPConnector(limit=8),
    ) as session:
        # aiohttp repeats a GET by itself when the connection breaks: a call that nobody counted.
        session._retry_connection = False
        yield HttpApi(session, key, limits.max_body_bytes)
