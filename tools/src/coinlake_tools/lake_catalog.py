"""The partitions that are registered in the Glue Data Catalog: read, never changed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol

from botocore.exceptions import ClientError

from coinlake.aws import open_client
from coinlake.differences import PartitionSeen
from coinlake.outcomes import away, code_of
from coinlake_tools.lake_requests import Sleep, patiently

_GONE = "EntityNotFoundException"


class Catalog(Protocol):
    """What the tables are known to have. Every method raises TransientError while it is away."""

    async def partitions(self, table: str, dt: str | None) -> list[PartitionSeen] | None:
        """The partitions of a day, or of all days; None where there is no such table."""
        ...


class GlueCatalog:
    """One database of the Glue Data Catalog. `requests` counts what was asked, as it is billed."""

    def __init__(self, glue: Any, database: str, sleep: Sleep = asyncio.sleep) -> None:
        self._glue = glue
        self._sleep = sleep
        self._database = database
        self.requests = 0

    async def partitions(self, table: str, dt: str | None) -> list[PartitionSeen] | None:
        request: dict[str, Any] = {
            "DatabaseName": self._database,
            "TableName": table,
            # Columns would be most of the answer (Glue API, GetPartitions: ExcludeColumnSchema).
            "ExcludeColumnSchema": True,
        }
        if dt is not None:
            request["Expression"] = f"dt = '{dt}'"
        found: list[PartitionSeen] = []
        while True:
            page = await patiently(partial(self._page, table, request), self._sleep)
            if page is None:
                return None
            found += page[0]
            if page[1] is None:
                return found
            request["NextToken"] = page[1]

    async def _page(
        self, table: str, request: dict[str, Any]
    ) -> tuple[list[PartitionSeen], str | None] | None:
        self.requests += 1
        with away(f"GetPartitions {table}") as answer:
            try:
                told = await self._glue.get_partitions(**request)
            except ClientError as error:
                if code_of(error) != _GONE:
                    raise
                return None
            answer.require_json()
            some = [
                PartitionSeen(
                    table,
                    tuple(one["Values"]),
                    one.get("StorageDescriptor", {}).get("Location", ""),
                )
                for one in told["Partitions"]
            ]
            return some, told.get("NextToken")


@asynccontextmanager
async def open_catalog(database: str) -> AsyncIterator[GlueCatalog]:
    """The catalog from the standard environment."""
    async with open_client("glue") as glue:
        yield GlueCatalog(glue, database)
