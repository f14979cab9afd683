"""The group: commits after a revoke, members that come and go, slow stores. F24, F25, F26, F35."""

import asyncio
import random
import signal
from collections import Counter

import pytest

from tests.faults.s3_sink.conftest import Fault
from tests.labs.cluster.lab import Lab
from tests.labs.cluster.load import loaded
from tests.labs.cluster.process import SinkProcess
from tests.labs.cluster.proof import commit_log, prove, refuted, watched

HELD = "source.commit/before:1=hold:{0} source.commit/before:2=hold:{0}"


async def _late_commit(lab: Lab, without: str = "") -> SinkProcess:
    """A sink's commit of 40 is late: its partition has gone to an heir, who commits 50 first."""
    release = lab.folder / "release"
    await lab.create()
    await lab.numbers(0, 40)
    late = lab.sink(f"{without} {HELD.format(release)}", S3_SINK_GROUP__INSTANCE_ID="late")
    await late.until(lambda: "ARMED source.commit/before hold" in late.log.read_text())
    # Of two members the range assignor gives the one partition to the lower member.
    heir = lab.sink(S3_SINK_GROUP__INSTANCE_ID="heir")
    await lab.numbers(40, 10)
    await lab.until_stored(heir, 50)
    release.touch()
    await late.until(lambda: "ARMED source.commit/before released" in late.log.read_text())
    await heir.until(lambda: heir.is_ready)
    return late


@pytest.mark.representative("moto")
async def test_f24_a_commit_that_is_late_for_its_partition_is_not_made(
    lab: Lab, fault: Fault
) -> None:
    async with watched(lab) as watch:
        late = await _late_commit(lab)
        await late.until(lambda: late.metric("s3_sink_commit_failures_total") >= 1)
        assert late.end() == 0

    log = [one.offset for one in await commit_log(lab)]
    assert log == sorted(log)
    assert log[-1] == 50
    fault(
        "F24", f"the broker's commits are {log}, the late one failed; {await prove(lab, watch)}"
    )


async def test_f24_control_an_unfenced_commit_takes_the_offset_back(
    lab: Lab, fault: Fault
) -> None:
    await _late_commit(lab, "without=fence")
    deadline = asyncio.get_running_loop().time() + 30
    while (log := [one.offset for one in await commit_log(lab)])[-1] != 40 or 50 not in log:
        assert asyncio.get_running_loop().time() < deadline, log
        await asyncio.sleep(0.2)

    red = await refuted(lab)
    assert "goes back" in red
    fault("F24", f"control without the fence is red: the broker's commits are {log}")


@pytest.mark.timeout(600)
async def test_f25_from_one_sink_to_three_and_back_nothing_is_dropped(
    lab: Lab, fault: Fault
) -> None:
    await lab.create(partitions=4)
    rng = random.Random(25)
    moves: Counter[str] = Counter()

    async with watched(lab) as watch, loaded(lab, 4) as load:
        sinks = [lab.sink()]
        for wanted in (2, 3, 2, 1, 2, 3, 2, 1):
            await asyncio.sleep(5)
            if wanted > len(sinks):
                sinks.append(lab.sink())
                moves["joined"] += 1
            else:
                gone = sinks.pop(rng.randrange(len(sinks)))
                assert gone.end() == 0
                moves["left"] += 1
        await load.finish()
        (last,) = sinks
        count = len(load.acked) // 4
        await last.until(
            lambda: len(lab.ends()) == 4 and set(lab.ends().values()) == {count}, 90
        )
        assert last.end() == 0

    fault("F25", f"{dict(moves)} every 5 s under load; {await prove(lab, watch)}")


async def test_f26_a_store_slower_than_the_poll_interval_does_not_cost_the_membership(
    lab: Lab, fault: Fault
) -> None:
    lab.faults.delay_s = 8.0  # the poll interval is 4
    await lab.create()
    await lab.numbers(0, 60)

    async with watched(lab) as watch:
        sink = lab.sink("without=patience", S3_SINK_OBJECT__MAX_RECORDS="20")
        await lab.until_stored(sink, 60, 90)

    tries = Counter(one.key for one in lab.faults.seen)
    assert max(tries.values()) == 1
    assert len(tries) == 3
    assert sink.metric("s3_sink_rebalances_total") == 1
    fault("F26", f"each of 3 PUTs took 8 s, each was tried once; {await prove(lab, watch)}")


@pytest.mark.timeout(600)
async def test_f35_sinks_with_other_batches_in_one_group_fit_together(
    lab: Lab, fault: Fault
) -> None:
    sizes = ("7", "50", "13")
    await lab.create(partitions=4)

    def sink(size: str) -> SinkProcess:
        return lab.sink(S3_SINK_OBJECT__MAX_RECORDS=size, S3_SINK_OBJECT__MAX_AGE_S="3")

    async with watched(lab) as watch, loaded(lab, 4) as load:
        sinks = [sink(size) for size in sizes[:2]]
        for size in (*sizes, *sizes):
            puts = lab.faults.puts
            await sinks[1].until(lambda p=puts: lab.faults.puts >= p + 12)  # type: ignore[misc]
            # One by one they go, each in its own way, and another with other batches comes.
            gone = sinks.pop(0)
            gone.end(signal.SIGKILL if size == "13" else signal.SIGTERM)
            sinks.append(sink(size))
        await load.finish()
        count = len(load.acked) // 4
        await sinks[1].until(lambda: set(lab.ends().values()) == {count}, 90)
        for one in sinks:
            assert one.end() == 0

    counts = Counter(int(one.metadata["records"]) for one in lab.objects())
    assert {7, 13} <= set(counts)
    fault("F35", f"batches of 7, 13 and 50 in one chain; {await prove(lab, watch)}")
