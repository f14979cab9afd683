"""Three brokers: each killed in turn, and a sink that believes old metadata: F10."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from local_stack import processes
from tests.faults.s3_sink.conftest import Fault
from tests.faults.s3_sink.kept_by_kafka import (
    PARTITIONS,
    ends,
    nothing_acked_is_lost,
    sends,
    until_chains_reach,
)
from tests.labs.cluster import stores
from tests.labs.cluster.cluster import Cluster, Layout, start_cluster
from tests.labs.cluster.lab import Lab
from tests.labs.cluster.load import loaded
from tests.labs.cluster.proof import prove, refuted, watched


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with start_cluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


def _led_by(layout: Layout, lab: Lab, node: int) -> set[int]:
    """The lab's partitions that a node leads."""
    return {
        number
        for (topic, number), place in layout.items()
        if topic == lab.topic and place.leader == node
    }


async def _kill(cluster: Cluster, lab: Lab, node: int) -> set[int]:
    """Kill a broker that leads, until all it led has other leaders; what it led."""
    layout = await cluster.until_in_sync()
    led = _led_by(layout, lab, node)
    await asyncio.to_thread(cluster.members[node].kill)
    await cluster.until(
        lambda layout: all(
            place.leader not in (node, -1) and node not in place.in_sync
            for place in layout.values()
        )
    )
    return led


@pytest.mark.timeout(900)
async def test_f10_three_brokers_killed_in_turn_cost_no_record_and_hold_nobody_up(
    cluster: Cluster, store: stores.Address, tmp_path: Path, open_: ExitStack, fault: Fault
) -> None:
    lab = Lab(cluster.bootstrap, store, tmp_path, open_, replicas=3)
    await lab.create(PARTITIONS)
    moved: list[int] = []

    async with watched(lab) as watch, loaded(lab, PARTITIONS, pause_s=0.005) as load:
        sink = lab.sink(S3_SINK_OBJECT__MAX_RECORDS="50")
        await sends(sink, load, 50)
        await until_chains_reach(sink, await ends(lab))
        for node, broker in cluster.members.items():
            moved += await _kill(cluster, lab, node)
            # Two of three are enough for all: to send, to read, to commit.
            await sends(sink, load, 300)
            await until_chains_reach(sink, await ends(lab))
            assert not processes.alive(broker.process)  # type: ignore[arg-type]
            await asyncio.to_thread(broker.start, 180)
        await cluster.until_in_sync()
        await sends(sink, load, 300)
        await load.finish()
        count = await nothing_acked_is_lost(lab, load)
        await until_chains_reach(sink, await ends(lab))

    proven = await prove(lab, watch)
    assert set(moved) == set(range(PARTITIONS))
    assert sink.end() == 0
    fault(
        "F10",
        f"3 brokers, each SIGKILLed once, {len(moved)} leaders moved: {len(load.acked)} "
        f"acknowledged, {load.failures} not, {count} in Kafka; {proven}",
    )


@pytest.mark.timeout(900)
async def test_f10_control_a_sink_that_believes_old_metadata_reads_no_more_of_what_moved(
    cluster: Cluster, store: stores.Address, tmp_path: Path, open_: ExitStack, fault: Fault
) -> None:
    lab = Lab(cluster.bootstrap, store, tmp_path, open_, replicas=3)
    await lab.create(PARTITIONS)

    async with loaded(lab, PARTITIONS, pause_s=0.005) as load:
        sink = lab.sink("without=metadata")
        await sends(sink, load, 50)
        await until_chains_reach(sink, await ends(lab))
        moved = [f"{lab.topic}-{number}" for number in await _kill(cluster, lab, 1)]
        try:
            before = await ends(lab)
            await sends(sink, load, 300)
            await load.finish()
            others = {name: end for name, end in (await ends(lab)).items() if name not in moved}
            await until_chains_reach(sink, others)
            stored = {name: sink.partition(name)["chain_end"] for name in moved}
            red = await refuted(lab)
        finally:
            await asyncio.to_thread(cluster.members[1].start, 180)
    # Back, it leads nothing, but a follower answers too: now it reads on.
    await until_chains_reach(sink, await ends(lab))
    await prove(lab)
    assert sink.end() == 0

    assert moved
    assert others
    assert all(stored[name] <= before[name] for name in moved)
    fault("F10", f"control, old metadata: {stored} of {before}; {red[:100]}")
