"""The sink itself dies or fails at each step of a flush, and is told to stop: F20, F21, F31, F32, F37."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from coinlake.contracts.raw_index import Record
from tests.faults.s3_sink.conftest import Fault
from tests.labs.cluster.armed import POINTS
from tests.labs.cluster.lab import NOON_MS, Lab
from tests.labs.cluster.load import loaded
from tests.labs.cluster.process import SinkProcess
from tests.labs.cluster.proof import prove, watched
from tests.labs.cluster.proxy import Gate

STOPS = 50
MIB = 1024 * 1024
# Only after a 412 does a sink look at an object and hash what it holds.
AFTER_A_412 = tuple(
    point for point in POINTS if point.startswith(("store.head", "codec.sha256"))
)


async def _die(lab: Lab, point: str, end: int) -> int:
    """Have a sink die at a point of the flush of ten new records; the chain's new end in Kafka."""
    name, gate = f"{lab.topic}-0", Gate()
    mine = lab.another_proxy()
    if point in AFTER_A_412:
        mine.faults.before = gate
    sink = lab.sink(
        f"{point}=kill", AWS_ENDPOINT_URL=mine.url, S3_SINK_GROUP__INSTANCE_ID=lab.name
    )
    await sink.until(lambda: sink.partition(name).get("state") == "running")
    await lab.numbers(end, 10)
    if point in AFTER_A_412:
        # A sink of another group was first, with the same records.
        await sink.until(lambda: gate.waiting == 1)
        rival = lab.sink(S3_SINK_GROUP__ID=f"{lab.name}-rival")
        await rival.until(lambda: rival.partition(name).get("chain_end") == end + 10)
        assert rival.end() == 0
        gate.open()
    code = await asyncio.to_thread(sink.process.wait, 40)
    assert code == -signal.SIGKILL, sink.log.read_text()[-3000:]
    assert f"ARMED {point} kill" in sink.log.read_text()
    return end + 10


@pytest.mark.timeout(600)
async def test_f20_f21_killed_at_each_await_of_a_flush_it_goes_on_where_the_chain_ends(
    lab: Lab, fault: Fault
) -> None:
    await lab.create()
    end = 0

    async with watched(lab) as watch:
        for point in POINTS:
            end = await _die(lab, point, end)
        last = lab.sink(S3_SINK_GROUP__INSTANCE_ID=lab.name)
        await lab.until_stored(last, end)
        assert last.end() == 0

    said = await prove(lab, watch)
    fault(
        "F20", f"killed before each of: {', '.join(p for p in POINTS if 'before' in p)}; {said}"
    )
    fault(
        "F21", f"killed after each of: {', '.join(p for p in POINTS if 'after' in p)}; {said}"
    )


@pytest.mark.representative("moto")
async def test_f21_killed_between_put_and_commit_it_stores_nothing_twice(
    lab: Lab, fault: Fault
) -> None:
    await lab.create()

    async with watched(lab) as watch:
        end = await _die(lab, "store.put/after", 0)
        heir = lab.sink(S3_SINK_GROUP__INSTANCE_ID=lab.name)
        await lab.until_stored(heir, end)

    assert len(lab.objects()) == 1
    assert heir.partition(f"{lab.topic}-0")["objects"] == 0
    fault("F21", f"killed after the PUT, before the commit: {await prove(lab, watch)}")


async def test_f37_a_flush_that_raises_at_each_step_starts_again_from_what_it_held(
    lab: Lab, fault: Fault
) -> None:
    own = {"S3_SINK_GROUP__INSTANCE_ID": lab.name, "S3_SINK_OBJECT__MAX_RECORDS": "10"}
    steps = [point for point in POINTS if not point.startswith("codec")]
    # The second PUT is made and its answer lost, so that there is a 412 to look at.
    armed = " ".join(f"{point}:{1 + ('after' in point)}=raise" for point in steps)
    await lab.create()
    await lab.numbers(0, 60)

    async with watched(lab) as watch:
        sink = lab.sink(armed, **own)
        await lab.until_stored(sink, 60)
        assert sink.end() == 0
        end, codes = 60, []
        for point in (point for point in POINTS if point.startswith("codec.encode")):
            failing = lab.sink(f"{point}=memory", **own)
            await lab.numbers(end, 10)
            codes.append(await asyncio.to_thread(failing.process.wait, 40))
            end += 10
        heir = lab.sink(**own)
        await lab.until_stored(heir, end)

    text = sink.log.read_text()
    assert [point for point in steps if f"ARMED {point} raise" not in text] == []
    assert codes == [1, 1]
    fault(
        "F37",
        f"raised at {', '.join(steps)}: tried again; out of memory in the codec: exit code 1, "
        f"started again; {await prove(lab, watch)}",
    )


@pytest.mark.timeout(900)
async def test_f31_sigterm_at_any_moment_ends_it_cleanly(lab: Lab, fault: Fault) -> None:
    rng = random.Random(31)
    codes: Counter[int] = Counter()
    kinds = ("once", "twice", "with a grace of 1 s and a PUT of 2 s")
    await lab.create()

    async with watched(lab) as watch, loaded(lab) as load:
        for number in range(STOPS):
            kind = kinds[number % len(kinds)]
            slow = kind == kinds[2]
            lab.faults.delay_s = 2.0 if slow else 0.0
            sink = lab.sink(
                S3_SINK_FLUSH_DEADLINE_S="1" if slow else "4",
                S3_SINK_OBJECT__MAX_RECORDS="5",
                S3_SINK_OBJECT__MAX_AGE_S="0.05",
            )
            puts = lab.faults.puts
            await sink.until(lambda p=puts: lab.faults.puts > p)  # type: ignore[misc]
            # Any moment will do: the point is that it is not one that the code chose.
            await asyncio.sleep(rng.uniform(0, 0.3))
            sink.send(signal.SIGTERM)
            if kind == kinds[1]:
                await asyncio.sleep(rng.uniform(0, 0.05))
                sink.send(signal.SIGTERM)
            codes[await asyncio.to_thread(sink.process.wait, 30)] += 1
        await load.finish()
        lab.faults.delay_s = 0.0
        last = lab.sink()
        await lab.until_stored(last, len(load.acked))

    assert codes == {0: STOPS}
    fault(
        "F31", f"{STOPS} times SIGTERM ({', '.join(kinds)}): exit 0; {await prove(lab, watch)}"
    )


@pytest.fixture
def cage() -> Iterator[Path]:
    """A memory cgroup of our own."""
    old = Path("/sys/fs/cgroup/memory")
    parent = old if old.is_dir() else Path("/sys/fs/cgroup")
    folder = parent / f"coinlake-fault-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("NOT RUN: needs root and a memory cgroup")
    try:
        if not any(
            (folder / name).exists() for name in ("memory.max", "memory.limit_in_bytes")
        ):
            pytest.skip("NOT RUN: needs root and a memory cgroup")
        yield folder
    finally:
        folder.rmdir()


def _limit(cage: Path, size: int) -> None:
    names = ("memory.max", "memory.limit_in_bytes")
    (name,) = [name for name in names if (cage / name).exists()]
    (cage / name).write_text(str(size))


async def _burst(lab: Lab, count: int) -> None:
    rng = random.Random(32)
    values = [rng.randbytes(1500).hex().encode() for _ in range(count)]
    await lab.produce([Record(0, NOON_MS, b"k", value) for value in values])


@pytest.mark.timeout(600)
async def test_f32_killed_for_its_memory_it_loses_nothing(
    lab: Lab, cage: Path, fault: Fault
) -> None:
    # So much is held that only the cgroup ends it: nothing is cut before the budget.
    hungry = {
        "S3_SINK_OBJECT__MAX_AGE_S": "600",
        "S3_SINK_OBJECT__MAX_RAW_BYTES": str(1024 * MIB),
        "S3_SINK_OBJECT__MAX_BYTES": str(1024 * MIB),
        "S3_SINK_BUDGET_BYTES": str(1024 * MIB),
        "S3_SINK_GROUP__INSTANCE_ID": lab.name,
    }
    await lab.create()
    await lab.numbers(0, 10)

    async with watched(lab) as watch:
        calm = lab.sink(S3_SINK_GROUP__INSTANCE_ID=lab.name)
        await lab.until_stored(calm, 10)
        steady = calm.rss_bytes()
        assert calm.end() == 0
        limit = int(1.2 * steady)
        _limit(cage, limit)
        lab.launcher = ("sh", "-c", f'echo $$ > {cage}/cgroup.procs && exec "$@"', "sh")
        caged = lab.sink(**hungry)
        await caged.until(lambda: caged.partition(f"{lab.topic}-0").get("state") == "running")
        await _burst(lab, 60_000)
        code = await asyncio.to_thread(caged.process.wait, 60)
        lab.launcher = ()
        heir: SinkProcess = lab.sink(S3_SINK_GROUP__INSTANCE_ID=lab.name)
        await lab.until_stored(heir, 60_010, 120)

    assert 128 - code == 137
    fault(
        "F32",
        f"limit {limit // MIB} MiB of {steady // MIB} MiB steady, burst of 180 MB: exit 137; "
        f"{await prove(lab, watch)}",
    )
