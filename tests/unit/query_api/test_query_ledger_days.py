"""The ledger is looked at by days: what a question costs does not grow with the lake."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import pytest
from prometheus_client import CollectorRegistry

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import HOUR_MS, Hour, hour_of
from coinlake.contracts.ledger import ledger_key
from query_api.adapters.ledger import LedgerReader, Staleness
from query_api.core.days import ALL_DAYS, days_of
from query_api.metrics import QueryApiMetrics
from tests.labs.bucket import BucketStore, Stored
from tests.labs.counted import Counted, counted_store
from tests.labs.ledger_entries import ledger_entry

NOW_MS = Hour("2026-11-22", "10").start_ms + 1
FEED = "assets"


@dataclass
class Lake:
    """A ledger of so many days before now, and a reader with the service's settings."""

    store: BucketStore
    network: Counted
    now_ms: int = NOW_MS
    metrics: QueryApiMetrics = field(
        default_factory=lambda: QueryApiMetrics(CollectorRegistry())
    )

    def reader(self, newest_hours: int = 2) -> LedgerReader:
        usual = Staleness(2_000, 30_000)
        return LedgerReader(
            self.store, self.metrics, lambda: self.now_ms, usual, newest_hours=newest_hours
        )

    def commit(self, hour: Hour, version: int = 1, feed: str = FEED) -> None:
        body = ledger_entry(
            feed, hour, version=version, max_received_ms=hour.start_ms, watermark_ms=hour.end_ms
        ).encode()
        self.store.bucket.put(ledger_key(feed, hour, version), body, {})

    def hour(self, ago: int) -> Hour:
        return hour_of(self.now_ms - ago * HOUR_MS)


def lake_of(days: int) -> Lake:
    lake = Lake(*counted_store())
    lake.store.bucket.objects.update(_keys_of(days))
    return lake


@cache
def _keys_of(days: int) -> dict[str, Stored]:
    lake = Lake(*counted_store())
    hours = [lake.hour(ago) for ago in range(days * 24)]
    for feed in TABULAR:
        for hour in hours[:72]:
            lake.commit(hour, 1, feed)
        # Years of them: what they say is not looked at, so they are all the same object.
        same = lake.store.bucket.objects[ledger_key(feed, hours[71], 1)]
        for ago, hour in enumerate(hours[72:]):
            lake.store.bucket.objects[ledger_key(feed, hour, 1 + ago % 2)] = same
    return lake.store.bucket.objects


async def cost(lake: Lake, ask: Callable[[LedgerReader], object]) -> Counter[str]:
    """What a question costs a reader that has just started."""
    lake.network.calls.clear()
    await ask(lake.reader())  # type: ignore[misc]
    return Counter(lake.network.calls)


@pytest.mark.parametrize(
    "ask",
    [
        lambda ledger: ledger.view(),
        lambda ledger: ledger.view([FEED]),
        lambda ledger: ledger.view(
            [FEED], days_of(Hour("2026-11-17", "03"), Hour("2026-11-18", "09"))
        ),
    ],
    ids=["the newest", "the newest of a feed", "two days of last week"],
)
async def test_a_question_costs_the_same_in_a_lake_of_three_years_as_in_one_of_a_week(
    ask: Callable[[LedgerReader], object],
) -> None:
    week, years = await cost(lake_of(7), ask), await cost(lake_of(3 * 365), ask)

    assert week == years
    assert years["LIST"] <= 2 * len(TABULAR)


async def test_an_hour_of_nobody_asking_costs_the_same_in_a_lake_of_three_years() -> None:
    async def idle_hour(lake: Lake) -> Counter[str]:
        ledger = lake.reader()
        await ledger.view(max_age_ms=300_000)
        lake.network.calls.clear()
        for _ in range(3600 // 15):
            lake.now_ms += 15_000
            await ledger.probe()
            await ledger.view(max_age_ms=300_000)
        return Counter(lake.network.calls)

    week, years = await idle_hour(lake_of(7)), await idle_hour(lake_of(3 * 365))

    assert week == years
    # Five minutes and one turn of 15 s: the listing is due when it is older than the limit.
    assert years["LIST"] == len(TABULAR) * (3600 // 315)
    assert years["GET"] == 3600 // 15


async def test_an_old_hour_that_is_rebuilt_is_seen_by_the_next_question_about_it() -> None:
    lake = lake_of(400)
    ledger, old = lake.reader(), lake.hour(300 * 24)
    days = days_of(old, old)
    before = (await ledger.view([FEED], days)).heads[FEED, old].version

    lake.commit(old, before + 1)
    lake.now_ms += 30_001
    after = await ledger.view([FEED], days)
    lake.commit(old, before + 2)
    lake.now_ms += 1
    at_once = await ledger.view([FEED], days, 0)

    assert after.heads[FEED, old].version == before + 1
    assert after.at_ms == lake.now_ms - 1
    assert at_once.heads[FEED, old].version == before + 2


async def test_a_view_is_as_old_as_its_oldest_part() -> None:
    lake = lake_of(30)
    ledger, old = lake.reader(), lake.hour(20 * 24)
    days = days_of(old, old)
    await ledger.view([FEED], days)

    lake.now_ms += 20_000

    assert (await ledger.view([FEED])).at_ms == lake.now_ms
    assert (await ledger.view([FEED], days)).at_ms == lake.now_ms - 20_000


async def test_what_was_published_last_is_the_newest_however_long_ago_it_was() -> None:
    lake = lake_of(3)
    last = lake.hour(0)
    lake.now_ms += 200 * 24 * HOUR_MS

    ledger = lake.reader()
    found = (await ledger.view([FEED])).heads
    lake.network.calls.clear()
    lake.now_ms += 10_000
    again = (await ledger.view([FEED])).heads

    assert (FEED, last) in found
    assert again.keys() >= {(FEED, last), (FEED, hour_of(last.start_ms - 1))}
    # The way back is gone once, and not at each look.
    assert lake.network.calls == {"LIST": 1}
    assert lake.metrics.newest_received.labels(FEED)._value.get() == last.start_ms / 1000


async def test_an_empty_ledger_is_looked_for_once_in_each_look() -> None:
    lake = Lake(*counted_store())
    ledger = lake.reader()
    await ledger.view([FEED])
    lake.network.calls.clear()
    lake.now_ms += 10_000

    assert not (await ledger.view([FEED])).heads
    assert lake.network.calls == {"LIST": 1}


async def test_the_whole_ledger_is_listed_for_who_asks_for_all_of_it_and_read_once() -> None:
    lake = lake_of(12)
    ledger = lake.reader()

    await ledger.view(days=ALL_DAYS)
    lake.network.calls.clear()
    lake.now_ms += 31_000
    everything = await ledger.view(days=ALL_DAYS)

    assert len(everything.heads) == 12 * 24 * len(TABULAR)
    assert set(lake.network.calls) == {"LIST"}


async def test_a_listing_that_is_overtaken_takes_nothing_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lake = lake_of(10)
    ledger, newest, real = lake.reader(), lake.hour(0), lake.store.get
    reached, held = asyncio.Event(), asyncio.Event()

    async def get(key: str) -> bytes | None:
        body = await real(key)
        if "dt=2026-11-14" in key:  # Only the listing of all days reads it.
            reached.set()
            await held.wait()
        return body

    monkeypatch.setattr(lake.store, "get", get)
    slow = asyncio.create_task(ledger.view([FEED], ALL_DAYS))
    await reached.wait()
    lake.commit(newest, 9)
    quick = await ledger.view([FEED], max_age_ms=-1)
    held.set()
    overtaken = await slow

    assert quick.heads[FEED, newest].version == 9
    assert overtaken.heads[FEED, newest].version == 9
    assert len(overtaken.heads) == 10 * 24
