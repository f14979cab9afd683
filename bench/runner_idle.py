"""What the runner costs by itself: lakes of 10, 1,000 and 9,000 published hours, each in a process.

`python -m bench.runner_idle` prints, for each lake, the calls of S3, Glue and catalog that a start, a run
and an idle hour make, the CPU seconds of an idle hour, and the memory that the runner holds then. The
bucket is one in memory, so the time is the runner's and not the network's; its own memory is not
counted. Calls are the same on every machine, seconds are not: read them as ratios.
"""

import asyncio
import gc
import resource
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import HOUR_MS, Hour, hour_of
from coinlake.contracts.ledger import Output, RawInput, curated_key, ledger_key
from coinlake.contracts.raw_layout import RawKey
from coinlake.differences import PartitionSeen
from coinlake.testing import FakeClock
from etl_runner.loop.lake import LakeReader
from tests.labs.bucket import BucketStore, Stored
from tests.labs.counted import Counted
from tests.labs.ledger_entries import ledger_entry
from tests.labs.seeds import quiet
from tests.unit.etl_runner.runner import Runner
from tests.unit.etl_runner.world import FakeCatalog, World, new_world, raw_meta

LAKES = (10, 1000, 9000)
PASSES_AN_HOUR = 4
# The loop looks at its hours once a second while nothing happens.
LOOKS_AN_HOUR = 3600
WEEK_HOURS = 160
NOON = Hour("2026-11-22", "12")
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Cost:
    """What was measured in one lake. Calls by name; `cpu_s` and `kib` are of the idle hour."""

    hours: int
    start: Counter[str]
    run: Counter[str]
    idle: Counter[str]
    cpu_s: float
    kib: int


class CatalogOfYears(FakeCatalog):
    """Its answers take as long in a lake of years: partitions are looked up by table and day."""

    def __init__(self) -> None:
        super().__init__()
        self._by_day: dict[tuple[str, str], list[PartitionSeen]] = {}
        self._known = 0

    async def registered(self, table: str, dt: str) -> Sequence[PartitionSeen]:
        if self._known != len(self.partitions):
            self._known = len(self.partitions)
            self._by_day.clear()
            for name, hour in sorted(self.partitions):
                place = f"s3://coinlake/curated/{name}/{hour.path}/"
                one = PartitionSeen(name, (hour.dt, hour.hour), place)
                self._by_day.setdefault((name, hour.dt), []).append(one)
        return self._by_day.get((table, dt), [])


def world_of(hours: int) -> tuple[World, Counted]:
    """A lake with so many published hours of each feed, the newest one of this morning."""
    world, network = new_world(), Counted()
    world.store = BucketStore(world.bucket, network)
    world.lake = LakeReader(world.store)
    world.glue.store = world.store
    world.catalog = CatalogOfYears()
    world.catalog.tables = {table for feed in TABULAR.values() for table in feed.published}
    # A lake of few hours has them in the same days: an hour here and there of the last week.
    step = max(1, WEEK_HOURS // hours)
    for number in range(hours):
        for feed in TABULAR:
            _published(world, feed, hour_of(NOON.start_ms - (1 + number * step) * HOUR_MS))
    return world, network


def _published(world: World, feed: str, hour: Hour) -> None:
    key = str(RawKey(TABULAR[feed].topic, hour, 0, 0, 0))
    world.bucket.objects[key] = Stored(b"", "e", raw_meta(1).encode())
    outputs = []
    for table in TABULAR[feed].published:
        world.bucket.objects[curated_key(table, hour)] = Stored(b"", "p", {})
        world.catalog.partitions.add((table, hour))
        outputs.append(Output(table, curated_key(table, hour), "p", 1, 1))
    entry = ledger_entry(
        feed, hour, inputs=(RawInput(key, "e"),), outputs=tuple(outputs), complete=True
    )
    world.bucket.put(ledger_key(feed, hour, 1), entry.encode(), {})


async def _cost(hours: int) -> Cost:
    world, network = world_of(hours)
    clock = FakeClock(NOON.start_ms / 1000)
    world.clock = clock
    _count(world, network.calls)
    await world.catalog.registered("rates", NOON.dt)
    gc.collect()
    before_kib = _resident_kib()
    runner = Runner(world, clock)

    async def passed() -> None:
        await runner.reconcile.run(runner.now_ms())

    start = await _calls(network, passed)
    # Older days are read in turn, once by each process.
    for _ in range(hours // 24 + 8):
        await passed()
    await world.land("rates", Hour("2026-11-22", "11"))
    run = await _calls(network, lambda: _turn(runner))
    await passed()  # what the run wrote is read once
    began = time.process_time()
    idle = await _calls(network, lambda: _idle_hour(runner, clock))
    cpu_s = time.process_time() - began
    gc.collect()
    kib = _resident_kib() - before_kib
    return Cost(hours, start, run, idle, cpu_s, kib)


def _resident_kib() -> int:
    """Resident memory of this process, of Linux (proc(5), statm: pages)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024


async def _turn(runner: Runner) -> None:
    runner.clock.advance(60)
    assert await runner.turn(), "no batch was made"


async def _idle_hour(runner: Runner, clock: FakeClock) -> None:
    stop = asyncio.Event()
    for second in range(LOOKS_AN_HOUR):
        clock.advance(1)
        if second % (LOOKS_AN_HOUR // PASSES_AN_HOUR) == 0:
            await runner.reconcile.run(runner.now_ms())
        assert not await runner.batches.turn(stop), "an idle hour has nothing to do"
        runner.batches.next_look_ms()
        await runner.records.save()


async def _calls(network: Counted, act: Callable[[], Awaitable[None]]) -> Counter[str]:
    """What is asked meanwhile, by name."""
    network.calls.clear()
    await act()
    return Counter(network.calls)


def _count(world: World, calls: Counter[str]) -> None:
    """Count what is asked of catalog and Glue in the same account."""
    for owner, names in (
        (
            world.catalog,
            {"columns": "GetTable", "registered": "GetPartitions", "register": "Create"},
        ),
        (world.glue, {"start": "StartJobRun", "get": "GetJobRun", "recent": "GetJobRuns"}),
    ):
        for name, said in names.items():
            setattr(owner, name, _counted(getattr(owner, name), said, calls))


def _counted(
    ask: Callable[..., Answer], said: str, calls: Counter[str]
) -> Callable[..., Answer]:
    def counted(*arguments: object, **more: object) -> Answer:
        calls[said] += 1
        return ask(*arguments, **more)

    return counted


def measure(hours: int) -> Cost:
    """One lake, in this process."""
    with quiet():
        return asyncio.run(_cost(hours))


def table(costs: Sequence[Cost]) -> str:
    """The figures, a line for each lake."""
    lines = [f"{'hours of each feed':>20} {'what':>10}  calls"]
    for cost in costs:
        for what in ("start", "run", "idle"):
            calls: Counter[str] = getattr(cost, what)
            said = ", ".join(f"{name} {count}" for name, count in sorted(calls.items()))
            lines.append(f"{cost.hours:>20} {what:>10}  {said}")
    first = costs[0]
    idle = [
        f"{cost.hours:>20} idle hour: {cost.cpu_s:6.2f} CPU s ({cost.cpu_s / first.cpu_s:4.1f} of "
        f"the smallest lake's), {cost.kib:6} KiB held ({cost.kib / max(1, first.kib):4.1f})"
        for cost in costs
    ]
    return "\n".join([*lines, "", *idle])


def main() -> int:
    """1 where a run or an idle hour asks for more in a larger lake."""
    with ProcessPoolExecutor(
        1, mp_context=get_context("spawn"), max_tasks_per_child=1
    ) as alone:
        costs = list(alone.map(measure, LAKES))
    sys.stdout.write(table(costs) + "\n")
    return 0 if len({_asked(cost) for cost in costs}) == 1 else 1


def _asked(cost: Cost) -> str:
    """Calls of a run and of an idle hour, but LIST: young lakes ask more often which days there are."""
    told = [
        sorted((calls - Counter(LIST=calls["LIST"])).items()) for calls in (cost.run, cost.idle)
    ]
    return str(told)


if __name__ == "__main__":
    sys.exit(main())
