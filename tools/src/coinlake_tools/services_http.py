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
    status, answer = await _answered(session, "GET", url, None, {})
    if status >= 400:
        raise TransientError(f"GET {url}: {status} {str(answer)[:300]}")
    return answer


async def status_of_all(urls: Mapping[str, str]) -> dict[str, Any]:
    """What each service says of itself, or why it could not be asked."""
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
        answers = await asyncio.gather(
            *(_or_reason(session, f"{url}/status") for url in urls.values())
        )
    return dict(zip(urls, answers, strict=True))


async def posted(url: str, path: str, body: Any, token: str | None) -> tuple[int, Any]:
    """POST a command to a service, with the token as a bearer token: the status and the answer.

    Raises TransientError where there is no answer, or none that is JSON.
    """
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
        return await _answered(session, "POST", f"{url}{path}", body, headers)


async def _or_reason(session: aiohttp.ClientSession, url: str) -> Any:
    try:
        return await get_json(session, url)
    except TransientError as error:
        return {"error": str(error)}


async def _answered(
    session: aiohttp.ClientSession, method: str, url: str, body: Any, headers: Mapping[str, str]
) -> tuple[int, Any]:
    try:
        async with session.request(method, url, json=body, headers=headers) as answer:
            text = await answer.read()
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TransientError(f"{method} {url}: {type(error).__name__}: {error}") from error
    try:
        return answer.status, orjson.loads(text)
    except orjson.JSONDecodeError as error:
        said = text.decode("utf-8", "replace")[:300]
        raise TransientError(f"{method} {url}: {answer.status} {said}") from error
