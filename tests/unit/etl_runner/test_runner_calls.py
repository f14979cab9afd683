"""What a pass of the runner asks of S3: the same in a lake of a week and in one of three years."""

from collections import Counter
from datetime import date, timedelta

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import RawInput, ledger_key
from coinlake.contracts.raw_layout import RawKey
from etl_runner.core.hours import Hours
from etl_runner.loop.lake import LakeReader
from etl_runner.loop.reconcile import Reconcile
from etl_runner.loop.records import RunnerRecords
from tests.labs.bucket import Stored
from tests.labs.counted import counted_store
from tests.labs.ledger_entries import ledger_entry
from tests.unit.etl_runner.world import new_world, raw_meta

TODAY = date(2026, 11, 22)
NOON_MS = Hour(TODAY.isoformat(), "12").start_ms
A_DAY_OF_PASSES = 96
FEED = "assets"


async def calls_of_a_day(days: int) -> Counter[str]:
    """A day of passes over a lake with an object and a ledger entry each day, all of it published."""
    store, network = counted_store()
    for ago in range(days):
        hour = Hour((TODAY - timedelta(days=ago)).isoformat(), "06")
        key = str(RawKey(TABULAR[FEED].topic, hour, 1, 0, days - ago))
        etag = f"etag {ago}"
        store.bucket.objects[key] = Stored(b"", etag, raw_meta(1).encode())
        entry = ledger_entry(FEED, hour, inputs=(RawInput(key, etag),))
        store.bucket.put(ledger_key(FEED, hour, 1), entry.encode(), {})
    world = new_world()
    world.lake = LakeReader(store)
    hours = Hours()
    reconcile = Reconcile(world.parts, hours, RunnerRecords(store, hours, world.metrics))
    # The first passes read what every process reads once: the recent days.
    await reconcile.run(NOON_MS)
    network.calls.clear()
    for n in range(A_DAY_OF_PASSES):
        await reconcile.run(NOON_MS + n)
    return Counter(network.calls)


async def test_a_day_of_passes_costs_the_same_in_a_lake_of_three_years_as_one_of_months() -> (
    None
):
    months, years = await calls_of_a_day(150), await calls_of_a_day(3 * 365)

    assert months["HEAD"] == years["HEAD"] == 0
    assert months["GET"] == years["GET"] == A_DAY_OF_PASSES
    # The folders are listed once in each round of the older days: 1,000 of them in a page.
    assert abs(months["LIST"] - years["LIST"]) <= 2 * len(TABULAR)


async def test_a_young_lake_costs_less_than_an_old_one_and_no_more() -> None:
    week, years = await calls_of_a_day(7), await calls_of_a_day(3 * 365)

    # Its rounds are short, and the folders of each dataset are listed in each of them.
    assert week["LIST"] <= years["LIST"] + A_DAY_OF_PASSES // 4 * len(TABULAR)
    assert week["HEAD"] == 0
