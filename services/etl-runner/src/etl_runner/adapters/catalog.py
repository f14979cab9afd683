"""The Glue Data Catalog and the crawler on aiobotocore."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coinlake.contracts.cloud import CURATED_PREFIX
from coinlake.contracts.hours import Hour
from coinlake.contracts.tables import Column
from coinlake.differences import PartitionSeen
from coinlake.errors import NotFoundError, TransientError
from etl_runner.adapters.aws import translated

_PER_CALL = 100  # The most in one call (Glue API, BatchCreatePartition).
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
        found = await self._storage(table)
        return None if found is None else found.columns

    async def register(
        self, table: str, hours: Iterable[Hour], *, replaces: bool = False
    ) -> None:
        wanted = list(hours)
        found = await self._storage(table)
        if found is None:
            raise NotFoundError(f"table {table} is not in the catalog")
        for at in range(0, len(wanted), _PER_CALL):
            some = wanted[at : at + _PER_CALL]
            there = await self._create(table, found.descriptor, some)
            if replaces and there:
                await self._update(table, found.descriptor, there)

    async def registered(self, table: str, dt: str) -> Sequence[PartitionSeen]:
        found: list[PartitionSeen] = []
        token: dict[str, str] = {}
        while True:
            with translated(f"GetPartitions {table}"):
                answer = await self._glue.get_partitions(
                    DatabaseName=self._database,
                    TableName=table,
                    Expression=f"dt = '{dt}'",
                    ExcludeColumnSchema=True,
                    **token,
                )
                for partition in answer["Partitions"]:
                    location = str(partition["StorageDescriptor"]["Location"])
                    found.append(PartitionSeen(table, tuple(partition["Values"]), location))
                following = answer.get("NextToken")
            if not following:
                return found
            token = {"NextToken": following}

    def _location(self, table: str, hour: Hour) -> str:
        return f"s3://{self._bucket}/{CURATED_PREFIX}{table}/{hour.path}/"

    async def _create(
        self, table: str, like: Mapping[str, Any], hours: list[Hour]
    ) -> list[Hour]:
        """Create partitions; those that were there, and stay as they are."""
        partitions = [self._partition(table, like, hour) for hour in hours]
        with translated(f"BatchCreatePartition {table}"):
            answer = await self._glue.batch_create_partition(
                DatabaseName=self._database, TableName=table, PartitionInputList=partitions
            )
            errors = answer.get("Errors", [])
            there = [error for error in errors if _code(error) == _THERE]
            values = {tuple(error["PartitionValues"]) for error in there}
        wrong = [error for error in errors if _code(error) != _THERE]
        if wrong:
            raise TransientError(f"BatchCreatePartition {table}: {wrong[0]}")
        return [hour for hour in hours if (hour.dt, hour.hour) in values]

    async def _update(self, table: str, like: Mapping[str, Any], hours: list[Hour]) -> None:
        entries = [
            {
                "PartitionValueList": [hour.dt, hour.hour],
                "PartitionInput": self._partition(table, like, hour),
            }
            for hour in hours
        ]
        with translated(f"BatchUpdatePartition {table}"):
            answer = await self._glue.batch_update_partition(
                DatabaseName=self._database, TableName=table, Entries=entries
            )
            errors = answer.get("Errors", [])
        if errors:
            raise TransientError(f"BatchUpdatePartition {table}: {errors[0]}")

    def _partition(self, table: str, like: Mapping[str, Any], hour: Hour) -> dict[str, Any]:
        return {
            "Values": [hour.dt, hour.hour],
            "StorageDescriptor": {**like, "Location": self._location(table, hour)},
            "Parameters": {"classification": "parquet"},
        }

    async def crawl(self) -> None:
        """READY alone proves nothing: the crawl must be newer than ours and have succeeded.

        (Glue API, Crawler: State and LastCrawl are told apart.)
        """
        async with asyncio.timeout(self._deadline_s):
            before = await self._start()
            last = before
            while last.started == before.started:
                await asyncio.sleep(self._poll_s)
                last = await self._until_ready()
        if last.status != "SUCCEEDED":
            raise TransientError(f"crawler {self._crawler}: {last.status}: {last.message}")

    async def _start(self) -> "_Crawl":
        """Start a crawl; the crawl before it, to tell them apart."""
        # A crawl under way may have listed before we published: wait for its end, then ours.
        before = await self._until_ready()
        with translated("StartCrawler"):
            await self._glue.start_crawler(Name=self._crawler)
        return before

    async def _until_ready(self) -> "_Crawl":
        """The last crawl, once the crawler has nothing to do."""
        while True:
            with translated("GetCrawler"):
                answer = await self._glue.get_crawler(Name=self._crawler)
                state, last = _crawl(answer["Crawler"])
            if state == "READY":
                return last
            await asyncio.sleep(self._poll_s)

    async def _storage(self, table: str) -> "_Storage | None":
        try:
            with translated(f"GetTable {table}"):
                answer = await self._glue.get_table(DatabaseName=self._database, Name=table)
                return _storage(answer["Table"]["StorageDescriptor"])
        except NotFoundError:
            return None


@dataclass(frozen=True, slots=True)
class _Storage:
    """Where and how a table lies, as Glue has it, and its columns."""

    descriptor: Mapping[str, Any]
    columns: Sequence[Column]


@dataclass(frozen=True, slots=True)
class _Crawl:
    """How a crawl went; nothing is set where there was none."""

    started: object = None
    status: str | None = None
    message: str | None = None


def _code(error: Mapping[str, Any]) -> object:
    return error.get("ErrorDetail", {}).get("ErrorCode")


def _storage(descriptor: Mapping[str, Any]) -> _Storage:
    columns = [Column(c["Name"], c["Type"]) for c in descriptor["Columns"]]
    return _Storage(descriptor, columns)


def _crawl(raw: Mapping[str, Any]) -> tuple[str, _Crawl]:
    """The state of the crawler, and its last crawl."""
    last = raw.get("LastCrawl") or {}
    crawl = _Crawl(last.get("StartTime"), last.get("Status"), last.get("ErrorMessage"))
    return str(raw["State"]), crawl
