"""The API adapter against real HTTP that misbehaves: every failure has its kind, no key leaks."""

import asyncio
import gzip
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiohttp import web
from pydantic import SecretStr

from ingestor.adapters.coincap import HttpLimits, open_api
from ingestor.core.ports import ApiAnswer, Call, NoAnswerError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

KEY = SecretStr("canary-0123456789abcdef")
LIMITS = HttpLimits(timeout_s=5, connect_timeout_s=5, max_body_bytes=100_000)


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/{path:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def asked(handler: Handler, limits: HttpLimits = LIMITS) -> ApiAnswer:
    async with served(handler) as url, open_api(KEY, limits) as api:
        return await api.get(f"{url}/v3/assets?limit=100&offset=0", Call())


async def kind_of_failure(handler: Handler, limits: HttpLimits = LIMITS) -> str:
    with pytest.raises(NoAnswerError) as caught:
        await asked(handler, limits)
    assert KEY.get_secret_value() not in str(caught.value)
    return caught.value.kind


async def test_the_key_travels_only_in_the_authorization_header() -> None:
    seen: list[web.Request] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response(body=b"{}")

    await asked(handler)

    assert seen[0].headers["Authorization"] == "Bearer canary-0123456789abcdef"
    assert "canary" not in str(seen[0].url)


async def test_a_gzipped_body_is_kept_as_it_was_before_compression() -> None:
    async def handler(request: web.Request) -> web.Response:
        assert request.headers["Accept-Encoding"] == "gzip"
        return web.Response(
            body=gzip.compress('{"é": 1}'.encode()),
            headers={"Content-Encoding": "gzip", "Retry-After": "7"},
            status=429,
        )

    answer = await asked(handler)

    assert replace(answer, date_ms=None) == ApiAnswer(429, '{"é": 1}'.encode(), "7")
    assert answer.date_ms is not None
    assert abs(answer.date_ms - time.time() * 1_000) < 60_000


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    calls = 0

    async def handler(_: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        return web.Response(status=302, headers={"Location": "/elsewhere"}, body=b"")

    answer = await asked(handler)

    assert (answer.status, calls) == (302, 1)


async def test_a_body_over_the_limit_is_given_up() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 100_001)

    assert await kind_of_failure(handler) == "too_large"


async def test_a_gzip_bomb_is_given_up() -> None:
    async def handler(_: web.Request) -> web.Response:
        bomb = zlib.compressobj(9, zlib.DEFLATED, 31)
        body = b"".join(bomb.compress(bytes(1_000_000)) for _ in range(100)) + bomb.flush()
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    assert await kind_of_failure(handler) == "too_large"


async def test_broken_gzip_is_an_incomplete_body() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=b"no gzip at all", headers={"Content-Encoding": "gzip"})

    assert await kind_of_failure(handler) == "incomplete_body"


async def test_a_body_that_breaks_off_is_incomplete() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b'{"data":[')
        assert request.transport is not None
        request.transport.close()
        return response

    assert await kind_of_failure(handler) == "incomplete_body"


async def test_an_answer_that_stalls_times_out() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{")
        await asyncio.Event().wait()
        return response

    limits = HttpLimits(timeout_s=0.2, connect_timeout_s=5, max_body_bytes=1_000)
    assert await kind_of_failure(handler, limits) == "timeout"


async def test_a_connection_that_breaks_is_asked_once_only() -> None:
    calls = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal calls
        calls += 1
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    assert await kind_of_failure(handler) == "connection"
    assert calls == 1


async def test_a_body_that_holds_the_key_is_not_kept() -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(text=f"bad {request.headers['Authorization']}", status=400)

    assert await kind_of_failure(handler) == "key_echoed"


async def test_nobody_there_is_unreachable() -> None:
    async def handler(_: web.Request) -> web.Response:
        return web.Response()

    async with served(handler) as url:
        pass

    with pytest.raises(NoAnswerError) as caught:
        async with open_api(KEY, LIMITS) as api:
            await api.get(url, Call())

    assert caught.value.kind == "unreachable"
