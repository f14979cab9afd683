"""The Glue Data Catalog and the crawler on aiobotocore."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from coinlake.contracts.cloud import CURATED_PREFIX
from coinlake.contracts.hours import Hour
from coinlake.contracts.tables import Column
from coinlake.errors import NotFoundError, TransientError
from etl_runner.adapters.aws import translated

_PER_CALL = 100  # BatchCreatePartition takes no more
_THERE = "AlreadyExistsException"


class GlueCatalog:
    """Tables below `curated/` of one bucket in one database, found by one crawler."""

    def __init__(
        self,
        glue: Any,
        bucket: str,
        database: str,
        crawler: str,
        poll_s: float,
        deadline_s: float,
    ) -> None:
        self._glue = glue
        self._bucket = bucket
        self._database = database
        self._crawler = crawler
        self._poll_s = poll_s
        self._deadline_s = deadline_s

    async def columns(self, table: str) -> Sequence[Column] | None:
        found = await self._table(table)
        if found is None:
            return None
        return [Column(c["Name"], c["Type"]) for c in found["StorageDescriptor"]["Columns"]]

    async def register(self, table: str, hours: Iterable[Hour]) -> None:
        wanted = list(hours)
        found = await self._table(table)
        if found is None:
            raise NotFoundError(f"table {table} is not in the catalog")
        for at in range(0, len(wanted), _PER_CALL):
            await self._create(table, found["StorageDescriptor"], wanted[at : at + _PER_CALL])

    async def _create(self, table: str, like: Mapping[str, Any], hours: list[Hour]) -> None:
        partitions = [
            {
                "Values": [hour.dt, hour.hour],
                "StorageDescriptor": {
                    **like,
                    "Location": f"s3://{self._bucket}/{CURATED_PREFIX}{table}/{hour.path}/",
                },
                "Parameters": {"classification": "parquet"},
            }
            for hour in hours
        ]
        with translated(f"BatchCreatePartition {table}"):
            answer = await self._glue.batch_create_partition(
                DatabaseName=self._database, TableName=table, PartitionInputList=partitions
            )
        wrong = [
            error
            for error in answer.get("Errors", [])
            if error.get("ErrorDetail", {}).get("ErrorCode") != _THERE
        ]
        if wrong:
            raise TransientError(f"BatchCreatePartition {table}: {wrong[0]}")

    async def crawl(self) -> None:
        """READY alone proves nothing: the crawl must be newer than ours and have succeeded."""
        async with asyncio.timeout(self._deadline_s):
            before = await self._start()
            last: Mapping[str, Any] = before
            while last.get("StartTime") == before.get("StartTime"):
                await asyncio.sleep(self._poll_s)
                last = (await self._until_ready()).get("LastCrawl") or {}
        if last.get("Status") != "SUCCEEDED":
            said = f"{last.get('Status')}: {last.get('ErrorMessage')}"
            raise TransientError(f"crawler {self._crawler}: {said}")

    async def _start(self) -> Mapping[str, Any]:
        """Start a crawl; the crawl before it, to tell them apart."""
        # A crawl under way may have listed before we published: wait for its end, then ours.
        before = (await self._until_ready()).get("LastCrawl") or {}
        with translated("StartCrawler"):
            await self._glue.start_crawler(Name=self._crawler)
        return before

    async def _until_ready(self) -> dict[str, Any]:
        while True:
            state = await self._state()
            if state["State"] == "READY":
                return state
            await asyncio.sleep(self._poll_s)

    async def _state(self) -> dict[str, Any]:
        with translated("GetCrawler"):
            answer = await self._glue.get_crawler(Name=self._crawler)
        return dict(answer["Crawler"])

    async def _table(self, table: str) -> dict[str, Any] | None:
        try:
            with translated(f"GetTable {table}"):
                answer = await self._glue.get_table(DatabaseName=self._database, Name=table)
        except NotFoundError:
            return None
        return dict(answer["Table"])
