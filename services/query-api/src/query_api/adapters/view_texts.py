"""The text of the lake's views as the Glue Data Catalog has them: live ones move with each hour."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from botocore.exceptions import ClientError

from coinlake.aws import open_client
from coinlake.outcomes import away, code_of
from coinlake.views.definition import view_sql


class ViewTexts:
    """One GetTable for each view, again after `max_age_ms`."""

    def __init__(
        self, client: Any, database: str, now_ms: Callable[[], int], max_age_ms: int = 5000
    ) -> None:
        self._client = client
        self._database = database
        self._now_ms = now_ms
        self._max_age_ms = max_age_ms
        self._known: dict[str, tuple[int, str | None]] = {}

    async def text(self, name: str) -> str | None:
        """The view's SELECT; None where there is no such view. Raises TransientError."""
        known = self._known.get(name)
        if known is not None and 0 <= self._now_ms() - known[0] < self._max_age_ms:
            return known[1]
        found = await self._ask(name)
        self._known[name] = self._now_ms(), found
        return found

    async def _ask(self, name: str) -> str | None:
        with away("GetTable") as answer:
            try:
                found = await self._client.get_table(DatabaseName=self._database, Name=name)
            except ClientError as error:
                if code_of(error) == "EntityNotFoundException":
                    return None
                raise
            answer.require_json()
            return view_sql(found["Table"])


@asynccontextmanager
async def open_view_texts(database: str, now_ms: Callable[[], int]) -> AsyncIterator[ViewTexts]:
    """A client of Glue for the life of the service."""
    async with open_client("glue") as client:
        yield ViewTexts(client, database, now_ms)
