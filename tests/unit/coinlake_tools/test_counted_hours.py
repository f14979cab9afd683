"""What the services really ask, counted by operation, against what `coinlake cost` says of an hour."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import RawInput, ledger_key
from coinlake.contracts.raw_layout import RawKey
from coinlake_tools.operations import FEEDS, OPERATIONS, TOPICS, Pace, of_service
from etl_runner.config import Settings as EtlSettings
from etl_runner.core.hours import Hours
from etl_runner.loop.lake import LakeReader
from etl_runner.loop.reconcile import Reconcile
from etl_runner.loop.records import RunnerRecords
from query_api.adapters.key_reader import KeyPace, KeyReader
from query_api.adapters.ledger import LedgerReader, Staleness
from query_api.config import Settings as QuerySettings
from query_api.metrics import QueryApiMetrics
from tests.labs.bucket import BucketStore, Stored
from tests.labs.counted import counted_store
from tests.labs.ledger_entries import ledger_entry
from tests.unit.coinlake_tools.lake import Lake, answers
from tests.unit.coinlake_tools.years import LAST, years
from tests.unit.etl_runner.world import new_world, raw_meta

IDLE = Pace(raw_objects_per_hour=0.0, runs_per_hour=0.0, queries_per_day=0.0)
NOON_MS = Hour(LAST.isoformat(), "12").start_ms
OF = {
    "LIST": "s3:ListObjectsV2",
    "GET": "s3:GetObject",
    "HEAD": "s3:HeadObject",
    "PUT": "s3:PutObject",
}


def priced(service: str, pace: Pace = IDLE) -> Counter[str]:
    """What the list says of an hour of a service, by what our store calls it."""
    own = of_service(service)
    return Counter(
        {short: own[name].per_hour(pace) for short, name in OF.items() if name in own}
    )


def fill(store: BucketStore, days: int) -> None:
    """A raw object and a ledger entry in each hour of each feed, all of it published."""
    for feed, dataset in TABULAR.items():
        for ago in range(days * 24):
            at = LAST - timedelta(days=ago // 24)
            hour = Hour(at.isoformat(), f"{23 - ago % 24:02d}")
            key, etag = str(RawKey(dataset.topic, hour, 1, 0, 10**6 - ago)), f"etag {ago}"
            store.bucket.objects[key] = Stored(b"", etag, raw_meta(1).encode())
            entry = ledger_entry(
                feed, hour, inputs=(RawInput(key, etag),), max_received_ms=hour.start_ms
            )
            store.bucket.put(ledger_key(feed, hour, 1), entry.encode(), {})


async def test_an_idle_hour_of_the_query_service() -> None:
    store, network = counted_store()
    fill(store, 10)
    now = [NOON_MS]
    settings = QuerySettings()
    ledger = LedgerReader(
        store, QueryApiMetrics(CollectorRegistry()), lambda: now[0], Staleness(2_000, 30_000)
    )
    pace = KeyPace(settings.key_store.look_s, settings.key_store.keep_s)
    keys = KeyReader(store, QueryApiMetrics(CollectorRegistry()), lambda: now[0], (), pace)
    await ledger.view()
    network.calls.clear()

    assert pace.look_s == 15
    for _ in range(3600 // 15):  # The turns of observe.DependencyProbe, and those of the keys.
        now[0] += 15_000
        await keys.look()
        await ledger.probe()
        await ledger.view(max_age_ms=int(settings.ledger_idle_s * 1000))

    said = priced("query-api")
    assert network.calls["GET"] == said["GET"]
    assert network.calls["LIST"] == pytest.approx(said["LIST"], abs=FEEDS)


async def test_an_idle_hour_of_the_runner() -> None:
    store, network = counted_store()
    fill(store, 12)
    world = new_world()
    world.lake = LakeReader(store)
    world.catalog.tables = {table for feed in TABULAR.values() for table in feed.published}
    hours = Hours()
    records = RunnerRecords(store, hours, world.metrics)
    reconcile = Reconcile(world.parts, hours, records)
    await reconcile.run(NOON_MS)
    network.calls.clear()
    await reconcile.run(NOON_MS)
    # An older day that this process has not seen yet.
    passes = IDLE.passes_per_hour
    assert network.calls["GET"] * passes == priced("etl-runner")["GET"]
    for _ in range(12):
        await reconcile.run(NOON_MS)
    network.calls.clear()

    for n in range(round(3600 / EtlSettings.model_fields["reconcile_s"].default)):
        await reconcile.run(NOON_MS + n)

    said = priced("etl-runner")
    assert network.calls["HEAD"] == said["HEAD"] == 0
    assert network.calls["GET"] == 0
    # Once in a round the folders are listed, which is left out as it is once in hours.
    assert network.calls["LIST"] == said["LIST"]


async def test_a_busy_hour_of_the_sink() -> None:
    lake = Lake()
    store, network = counted_store()
    lake.store = store
    await lake.fill()
    network.calls.clear()

    # One object of ten records; the guard looks since it has just begun.
    await lake.sink(0, answers(95, 105), 95)

    said = priced("s3-sink", replace(IDLE, raw_objects_per_hour=1.0))
    assert network.calls["PUT"] == said["PUT"] - TOPICS
    assert network.calls["HEAD"] <= said["HEAD"] - 2 * TOPICS
    assert set(network.calls) <= {"PUT", "HEAD"}


@pytest.mark.parametrize("days", [60, 3 * 365])
async def test_a_day_of_the_auditor(days: int) -> None:
    lake = years(days)
    await lake.audit()
    lake.next_day()

    await lake.audit()

    pace = replace(IDLE, raw_objects_per_hour=2 / 24, age_months=days / (730 / 24))
    said = priced("auditor", pace)
    a_topic = {name: 24 * times / TOPICS for name, times in said.items()}
    assert lake.calls["HEAD"] == 2 == round(24 * said["HEAD"])
    assert lake.calls["PUT"] == a_topic["PUT"] == 1
    assert lake.calls["GET"] <= a_topic["GET"]
    # Beside what is listed once for all topics, and while an object is on its way.
    together = 2 + (TOPICS + 1) + 10
    assert lake.calls["LIST"] == round(24 * said["LIST"] - together) / TOPICS


def test_nothing_but_a_crawl_and_the_stored_bytes_grows_with_the_lake() -> None:
    def by_age(months: float) -> dict[tuple[str, str], float]:
        pace = Pace(age_months=months)
        return {(one.service, one.name): one.per_hour(pace) for one in OPERATIONS}

    grown = {at for at, times in by_age(36).items() if times > by_age(12)[at]}

    assert {service for service, _ in grown} == {"glue-crawler"}
