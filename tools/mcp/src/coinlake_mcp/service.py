"""The query service over its documented HTTP endpoints: JSON in, JSON out, one sentence where it fails."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2

from coinlake_mcp.config import fits_a_header

# The service holds a request open for at most its `wait` of 30 s; what takes longer is not coming.
_TIMEOUT = httpx2.Timeout(45.0, connect=5.0)
_CONNECTIONS = httpx2.Limits(max_connections=64, max_keepalive_connections=16)


class ServiceError(Exception):
    """A request that the service refused or could not answer. The text is for whoever asked.

    `kind` is that of the problem document, or `unreachable` or `unreadable` where there is none.
    """

    def __init__(self, sentence: str, kind: str) -> None:
        super().__init__(sentence)
        self.kind = kind


class QueryService:
    """One query service; each call carries the key of the one who asks."""

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def get(
        self, path: str, key: str | None, query: Mapping[str, str] | None = None
    ) -> Any:
        """The JSON of a GET. Raises ServiceError."""
        return await self._asked("GET", path, key, query=query)

    async def post(
        self, path: str, key: str | None, body: Any, query: Mapping[str, str] | None = None
    ) -> Any:
        """The JSON of a POST. Raises ServiceError."""
        return await self._asked("POST", path, key, query=query, body=body)

    async def delete(self, path: str, key: str | None) -> Any:
        """The JSON of a DELETE. Raises ServiceError."""
        return await self._asked("DELETE", path, key)

    async def _asked(
        self,
        method: str,
        path: str,
        key: str | None,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Any:
        if key is not None and not fits_a_header(key):
            raise ServiceError("the API key is not printable ASCII", "unauthenticated")
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        try:
            answer = await self._client.request(
                method, path, params=query, json=body, headers=headers
            )
        except httpx2.TimeoutException as error:
            raise ServiceError(
                "the query service did not answer in time; try again later", "unreachable"
            ) from error
        except httpx2.HTTPError as error:
            raise ServiceError(
                f"the query service at {self._client.base_url} cannot be reached", "unreachable"
            ) from error
        return _told(answer)


def _told(answer: httpx2.Response) -> Any:
    try:
        found = answer.json()
    except ValueError as error:
        raise _unreadable(answer.status_code) from error
    if answer.is_success:
        return found
    if not isinstance(found, dict) or not str(found.get("type", "")).startswith("urn:"):
        raise _unreadable(answer.status_code)
    raise ServiceError(sentence(found, answer.headers.get("Retry-After")), kind_of(found))


def _unreadable(status: int) -> ServiceError:
    return ServiceError(
        f"what answered with {status} is not the query service, or a gateway before it",
        "unreadable",
    )


def kind_of(problem: Mapping[str, Any]) -> str:
    """The last part of a problem's type: `urn:coinlake:problem:sql_table` is `sql_table`."""
    return str(problem["type"]).rpartition(":")[2]


def sentence(problem: Mapping[str, Any], retry_after: str | None = None) -> str:
    """A problem document (RFC 9457) as one line for a reader: title, detail, kind, when again."""
    text = (
        f"{problem.get('title', 'Refused')}: {problem.get('detail', '')} ({kind_of(problem)})"
    )
    return text if retry_after is None else f"{text}; try again in {retry_after} s"


@asynccontextmanager
async def open_service(url: str) -> AsyncIterator[QueryService]:
    """A client for the life of the server."""
    async with httpx2.AsyncClient(
        base_url=url,
        timeout=_TIMEOUT,
        limits=_CONNECTIONS,
        headers={"Accept": "application/json"},
    ) as client:
        yield QueryService(client)
