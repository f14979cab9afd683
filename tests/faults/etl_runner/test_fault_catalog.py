"""The catalog under the runner's hands: F55 the crawler runs or is stopped, F57 a race for a partition."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from coinlake.aws import open_client
from coinlake.contracts.cloud import CRAWLER, DATABASE
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import Output, curated_key
from coinlake.errors import TransientError
from coinlake_kernel.parquet import parquet_bytes, without_rows
from etl_runner.adapters import catalog as catalog_module
from etl_runner.adapters.catalog import GlueCatalog
from etl_runner.core.hours import FeedHour
from etl_runner.loop.tables import TableRegistrar
from etl_runner.metrics import EtlMetrics
from tests.faults.etl_runner.conftest import YESTERDAY, Fault
from tests.integration.etl_runner.conftest import BUCKET, Lake, until
from tests.labs.runners.glue import crawl_ended, slowed, slowed_calls
from tests.labs.runners.lake import partitions

FEED, TABLE = "exchanges", "exchanges"
HOUR = Hour(YESTERDAY, "03")
RACERS = 8


@pytest.fixture
def table(lake: Lake) -> str:
    """A table that there is not, nor any object in its place."""
    for name in TABULAR[FEED].published:
        lake.s3.delete_object(Bucket=BUCKET, Key=curated_key(name, HOUR))
        try:
            lake.glue.delete_table(DatabaseName=DATABASE, Name=name)
        except lake.glue.exceptions.EntityNotFoundException:
            continue
    return TABLE


def _put_objects(lake: Lake) -> None:
    for name in TABULAR[FEED].published:
        body = parquet_bytes(name, without_rows(name), {"coinlake.batch_id": "none"})
        lake.s3.put_object(Bucket=BUCKET, Key=curated_key(name, HOUR), Body=body)


@asynccontextmanager
async def _catalogs(
    lake: Lake, patch: pytest.MonkeyPatch, count: int
) -> AsyncIterator[list[GlueCatalog]]:
    for name, value in lake.cloud.environ.items():
        patch.setenv(name, value)
    async with AsyncExitStack() as open_:
        clients = [await open_.enter_async_context(open_client("glue")) for _ in range(count)]
        yield [GlueCatalog(one, BUCKET, DATABASE, CRAWLER, 0.1, 60.0) for one in clients]


def _outputs() -> dict[FeedHour, list[Output]]:
    names = TABULAR[FEED].published
    return {
        FeedHour(FEED, HOUR): [
            Output(name, curated_key(name, HOUR), "", 0, 0) for name in names
        ]
    }


@pytest.mark.parametrize("is_defended", [True, False], ids=["defended", "control"])
async def test_f57_eight_that_register_a_partition_at_once_make_one(
    lake: Lake,
    monkeypatch: pytest.MonkeyPatch,
    table: str,
    fault: Fault,
    is_defended: bool,
) -> None:
    """8-way CreatePartition race: one partition, same location."""
    if not is_defended:
        monkeypatch.setattr(catalog_module, "_THERE", "nobody's code")

    _put_objects(lake)

    async with _catalogs(lake, monkeypatch, RACERS) as racers:
        await racers[0].crawl()
        lake.glue.delete_partition(
            DatabaseName=DATABASE, TableName=table, PartitionValues=[HOUR.dt, HOUR.hour]
        )
        said = await asyncio.gather(
            *(one.register(table, [HOUR]) for one in racers), return_exceptions=True
        )

    found = [one["StorageDescriptor"]["Location"] for one in partitions(lake, table)]
    assert found == [f"s3://{BUCKET}/curated/{table}/{HOUR.path}/"]
    refused = [one for one in said if isinstance(one, TransientError)]
    assert len(refused) == (0 if is_defended else RACERS - 1), said
    if is_defended:
        fault("F57", f"{RACERS} at once: one partition, and nobody was refused")


async def _ready_is_enough(self: GlueCatalog) -> None:
    """A crawl has gone well once the crawler is ready."""
    await self._start()
    await self._until_ready()


@pytest.mark.parametrize("is_defended", [True, False], ids=["defended", "control"])
async def test_f55_a_crawl_that_somebody_stops_holds_up_its_hours_until_the_next(
    lake: Lake,
    monkeypatch: pytest.MonkeyPatch,
    table: str,
    fault: Fault,
    is_defended: bool,
) -> None:
    """StartCrawler while running; stop mid-way: the runner goes on by itself."""
    if not is_defended:
        monkeypatch.setattr(GlueCatalog, "crawl", _ready_is_enough)
    now_s = 0.0
    counted = EtlMetrics(CollectorRegistry())

    async with _catalogs(lake, monkeypatch, 1) as (catalog,):
        registrar = TableRegistrar(catalog, counted, lambda: now_s)
        with slowed(lake, "s3:ListObjectsV2", "", 0.5):
            lake.glue.start_crawler(Name=CRAWLER)  # somebody's, which is under way
            stopper = threading.Thread(target=_stop_the_next, args=(lake, len(_crawls(lake))))
            stopper.start()
            waits = await registrar.register(_outputs())
            await asyncio.to_thread(stopper.join)
            assert slowed_calls(lake) > 0
        crawl_ended(lake)
        succeeded = counted.crawls.labels(outcome="succeeded")._value.get()
        now_s = 120.0
        _put_objects(lake)
        again = await registrar.register(_outputs())

    assert list(waits) == [FeedHour(FEED, HOUR)]
    assert (again, len(partitions(lake, table))) == ({}, 1)
    assert succeeded == (0 if is_defended else 1)
    assert [one["State"] for one in _crawls(lake)[:3]] == ["COMPLETED", "STOPPED", "COMPLETED"]
    if is_defended:
        fault("F55", "one crawl waited for, one stopped: its hours waited; the next one did it")


def _crawls(lake: Lake) -> list[dict[str, str]]:
    found: list[dict[str, str]] = lake.glue.list_crawls(CrawlerName=CRAWLER)["Crawls"]
    return found


def _stop_the_next(lake: Lake, crawls: int) -> None:
    until(lambda: len(_crawls(lake)) > crawls)
    lake.glue.stop_crawler(Name=CRAWLER)
