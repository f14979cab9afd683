"""Asks and steers the services over their HTTP endpoints."""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson

from coinlake.errors import TransientError

_TIMEOUT = aiohttp.ClientTimeout(total=15)


async def get_json(session: aiohttp.ClientSession, url: str) -> Any:
    """The JSON body of a GET. Raises TransientError where there is none."""
    return await _exchange(session, "GET", url, None, {})


async def post_json(
    session: aiohttp.ClientSession, url: str, body: Any, headers: Mapping[str, str]
) -> Any:
    """Send JSON, get JSON. Raises TransientError with the service's own words."""
    return await _exchange(session, "POST", url, body, headers)


async def status_of_all(urls: Mapping[str, str]) -> dict[str, Any]:
    """What each service says of itself, or why it could not be asked."""
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
        answers = await asyncio.gather(
            *(_or_reason(session, f"{url}/status") for url in urls.values())
        )
    return dict(zip(urls, answers, strict=True))


async def command(url: str, path: str, body: Any, token: str | None) -> Any:
    """POST a command to a service; the token goes as a bearer token."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
        return await post_json(session, f"{url}{path}", body, headers)


async def _or_reason(session: aiohttp.ClientSession, url: str) -> Any:
    try:
        return await get_json(session, url)
    except TransientError as error:
        return {"error": str(error)}


async def _exchange(
    session: aiohttp.ClientSession, method: str, url: str, body: Any, headers: Mapping[str, str]
) -> Any:
    try:
        async with session.request(method, url, json=body, headers=headers) as answer:
            text = await answer.read()
            if answer.status >= 400:
                said = text.decode("utf-8", "replace")[:300]
                raise TransientError(f"{method} {url}: {answer.status} {said}")
            return orjson.loads(text)
    except (aiohttp.ClientError, TimeoutError, orjson.JSONDecodeError) as error:
        raise TransientError(f"{method} {url}: {type(error).__name__}: {error}") from error
