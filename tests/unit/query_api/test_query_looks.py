"""Looks at parts of the bucket, and the view that is kept young while somebody asks."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from coinlake.contracts.hours import Hour, hour_of
from coinlake.contracts.ledger import ledger_key
from coinlake.contracts.raw_layout import RawKey
from query_api.adapters import key_looks
from query_api.adapters.key_looks import KeyLooks
from query_api.adapters.ledger import LedgerReader, Staleness
from query_api.core.days import ALL_DAYS, Days
from query_api.loop.ledger_refresh import LedgerRefresh
from query_api.metrics import QueryApiMetrics
from tests.labs.bucket import BucketStore
from tests.labs.counted import Counted, counted_store

NINE, TEN = Hour("2026-11-22", "09"), Hour("2026-11-22", "10")
TOPIC = "coincap.assets.v1"
DAY = {"assets": Days("2026-11-22", "2026-11-22")}


def land(store: BucketStore, hour: Hour, link: int, topic: str = TOPIC) -> None:
    store.bucket.put(str(RawKey(topic, hour, 1, 0, link)), b"x", {})


def publish(store: BucketStore, hour: Hour, version: int = 1, feed: str = "assets") -> None:
    store.bucket.put(ledger_key(feed, hour, version), b"x", {})


def looks_at() -> tuple[BucketStore, Counted, KeyLooks, list[int]]:
    store, network = counted_store()
    clock = [1000]
    return store, network, KeyLooks(store, lambda: clock[0]), clock


async def test_what_lands_behind_the_hour_changes_the_name_and_nothing_else_does() -> None:
    store, _, looks, _ = looks_at()
    land(store, TEN, 1)
    first = await looks.landed("assets", NINE, -1)
    land(store, NINE, 7)
    land(store, TEN, 2, "coincap.rates.v1")
    same = await looks.landed("assets", NINE, -1)
    land(store, TEN, 2)
    second = await looks.landed("assets", NINE, -1)
    land(store, hour_of(TEN.end_ms), 3)
    third = await looks.landed("assets", NINE, -1)

    assert first == same
    assert len({first, second, third}) == 3


async def test_what_is_published_in_the_days_changes_the_name_and_nothing_else_does() -> None:
    store, _, looks, _ = looks_at()
    publish(store, NINE)
    first = await looks.published(DAY, -1)
    for hour in (Hour("2026-11-21", "23"), Hour("2026-11-23", "00")):
        publish(store, hour)
    publish(store, NINE, 1, "rates")
    same = await looks.published(DAY, -1)
    publish(store, NINE, 2)
    republished = await looks.published(DAY, -1)
    both = await looks.published({**DAY, "rates": ALL_DAYS}, -1)

    assert first == same
    assert len({first, republished, both}) == 3


async def test_a_look_is_remembered_for_as_long_as_is_asked() -> None:
    store, network, looks, clock = looks_at()
    land(store, TEN, 1)
    await looks.landed("assets", NINE, 100)
    clock[0] += 100
    await looks.landed("assets", NINE, 100)
    within = network.calls["LIST"]
    clock[0] += 1
    await looks.landed("assets", NINE, 100)

    assert (within, network.calls["LIST"]) == (1, 2)


async def test_all_who_ask_at_once_share_one_look_that_begins_after_they_asked() -> None:
    store, network, looks, _ = looks_at()
    land(store, TEN, 1)

    names = await asyncio.gather(*(looks.landed("assets", NINE, 0) for _ in range(50)))

    assert len(set(names)) == 1
    assert network.calls["LIST"] == 1


async def test_too_many_keys_have_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_looks, "_MAX_KEYS", 3)
    store, _, looks, _ = looks_at()
    for link in range(3):
        land(store, TEN, link)
    few = await looks.landed("assets", NINE, -1)
    land(store, TEN, 3)

    assert few is not None
    assert await looks.landed("assets", NINE, -1) is None


async def test_what_is_remembered_is_bounded() -> None:
    _, _, looks, _ = looks_at()
    for number in range(1000):
        await looks.published({"assets": Days(str(number), str(number))}, 0)

    assert len(looks._looks) == 256
    assert looks._locks == {}


@pytest.mark.parametrize(
    ("asked_s", "active"),
    [
        ([], []),
        ([0.0], []),
        ([0.0, 5.0], ["assets"]),
        # A question every minute is answered by its own look.
        ([0.0, 60.0], []),
        ([0.0, 5.0, 60.0], []),
    ],
)
def test_the_view_is_kept_young_for_who_asks_again_and_again(
    asked_s: list[float], active: list[str]
) -> None:
    store, _ = counted_store()
    clock = [0.0]
    ledger = LedgerReader(
        store, QueryApiMetrics(CollectorRegistry()), lambda: 0, Staleness(2000, 2000)
    )
    refresh = LedgerRefresh(ledger, 2.0, lambda: clock[0])
    for at_s in asked_s:
        clock[0] = at_s
        refresh.asked(["assets"])

    assert refresh.active == active
    clock[0] += 11
    assert refresh.active == []


@pytest.mark.parametrize("asks", [0, 2])
async def test_while_nobody_asks_nothing_is_listed(asks: int) -> None:
    store, network = counted_store()
    loop = asyncio.get_running_loop()
    ledger = LedgerReader(
        store,
        QueryApiMetrics(CollectorRegistry()),
        lambda: int(loop.time() * 1000),
        Staleness(40, 40),
    )
    refresh, stop = LedgerRefresh(ledger, 0.04, loop.time), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(refresh.watch(stop))
        for _ in range(asks):
            refresh.asked(["assets"])
        await asyncio.sleep(0.1)
        stop.set()

    assert (network.calls["LIST"] > 0) is bool(asks)
    assert all("feed=assets" in one for one in network.asked)


async def test_a_bucket_that_is_away_ends_no_watch() -> None:
    store, network = counted_store()
    network.is_down = True
    loop = asyncio.get_running_loop()
    ledger = LedgerReader(
        store,
        QueryApiMetrics(CollectorRegistry()),
        lambda: int(loop.time() * 1000),
        Staleness(40, 40),
    )
    refresh, stop = LedgerRefresh(ledger, 0.04, loop.time), asyncio.Event()
    for _ in range(2):
        refresh.asked(["assets"])
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(refresh.watch(stop))
        await asyncio.sleep(0.05)
        stop.set()

    assert network.calls["LIST"] > 0
