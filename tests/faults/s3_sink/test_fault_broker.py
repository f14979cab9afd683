"""One broker: killed, frozen, full, half deaf, failing disks; the sink's own: F10 to F13, F33."""

import asyncio
import json
import signal
from contextlib import ExitStack
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer

from coinlake.contracts.topics import LANDED
from local_stack import processes
from local_stack.broker import Broker
from tests.faults.s3_sink.conftest import Fault
from tests.faults.s3_sink.kept_by_kafka import nothing_acked_is_lost, sends
from tests.labs.cluster import stores
from tests.labs.cluster.bad_disk import syncs_fail
from tests.labs.cluster.brokers import own_broker
from tests.labs.cluster.disks import fill
from tests.labs.cluster.kafka_proxy import COORDINATION, KafkaFaults
from tests.labs.cluster.lab import Lab
from tests.labs.cluster.load import loaded
from tests.labs.cluster.process import SinkProcess
from tests.labs.cluster.proof import prove, values, watched

KILLS = 3

FROZEN_S = 60


async def _until_all_is_stored(lab: Lab, sink: SinkProcess, timeout_s: float = 90) -> None:
    await lab.until_stored(sink, len(await values(lab)), timeout_s)


async def _hinted(lab: Lab, end: int) -> None:
    """Wait for the hint of the object that ends there."""
    consumer = AIOKafkaConsumer(
        LANDED, bootstrap_servers=lab.bootstrap, auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        async with asyncio.timeout(60):
            async for record in consumer:
                hint = json.loads(record.value)
                if (hint["topic"], hint["next_offset"]) == (lab.topic, end):
                    return
    finally:
        await consumer.stop()


@pytest.mark.representative("versitygw")
async def test_f10_a_broker_that_is_killed_and_comes_back_costs_no_record(
    lab: Lab, broker: Broker, fault: Fault
) -> None:
    await lab.create()
    await lab.numbers(0, 10)

    async with watched(lab) as watch:
        sink = lab.sink()
        await lab.until_stored(sink, 10)
        await asyncio.to_thread(broker.kill)
        await asyncio.to_thread(broker.start)
        await lab.numbers(10, 10)
        await lab.until_stored(sink, 20, 60)
        assert sink.end() == 0

    fault("F10", f"SIGKILL once: {await prove(lab, watch)}")


@pytest.mark.timeout(600)
async def test_f10_a_broker_killed_again_and_again_costs_no_record(
    lab: Lab, broker: Broker, fault: Fault
) -> None:
    await lab.create()

    async with watched(lab) as watch, loaded(lab) as load:
        sink = lab.sink(S3_SINK_OBJECT__MAX_RECORDS="10")
        for _ in range(KILLS):
            acked = len(load.acked)
            await sink.until(lambda n=acked: len(load.acked) >= n + 50, 90)  # type: ignore[misc]
            await asyncio.to_thread(broker.kill)
            await asyncio.to_thread(broker.start)
        acked = len(load.acked)
        await sink.until(lambda: len(load.acked) >= acked + 50, 90)
        await load.finish()
        count = await nothing_acked_is_lost(lab, load)
        await _until_all_is_stored(lab, sink)

    fault(
        "F10",
        f"{KILLS} times SIGKILL: {len(load.acked)} acknowledged, {load.failures} not, {count} "
        f"in Kafka; {await prove(lab, watch)}",
    )


@pytest.mark.timeout(600)
async def test_f11_a_broker_that_is_frozen_for_a_minute_costs_no_record_and_no_cpu(
    lab: Lab, broker: Broker, fault: Fault
) -> None:
    await lab.create()
    await lab.numbers(0, 20)
    assert broker.process is not None

    async with watched(lab) as watch:
        sink = lab.sink(S3_SINK_OBJECT__MAX_AGE_S="3")
        await lab.until_stored(sink, 20)
        await lab.numbers(20, 10)
        await sink.until(lambda: sink.partition(f"{lab.topic}-0").get("open_records") == 10)
        processes.send(broker.process, signal.SIGSTOP)
        before_s = sink.cpu_s()
        try:
            # What it holds is stored all the same; only its hint cannot be sent.
            await sink.until(lambda: sink.partition(f"{lab.topic}-0").get("chain_end") == 30)
            await asyncio.sleep(FROZEN_S)
            spent_s = sink.cpu_s() - before_s
            ready = sink.get("/readyz")[0]
        finally:
            processes.send(broker.process, signal.SIGCONT)
        await lab.numbers(30, 10)
        await lab.until_stored(sink, 40, 90)
        await _hinted(lab, 40)

    assert spent_s < FROZEN_S / 10
    fault(
        "F11",
        f"frozen {FROZEN_S} s: {spent_s:.1f} s of CPU, /readyz {ready}, hints go on; {await prove(lab, watch)}",
    )


@pytest.mark.timeout(600)
async def test_f12_a_broker_whose_disk_is_full_loses_nothing_it_acknowledged(
    store: stores.Address, disk: Path, tmp_path: Path, fault: Fault
) -> None:
    with (
        own_broker(disk / "kafka", tmp_path / "broker.log") as full,
        ExitStack() as open_,
    ):
        lab = Lab(full.bootstrap, store, tmp_path, open_)
        await lab.create()
        async with watched(lab) as watch, loaded(lab, padding=20_000) as load:
            sink = lab.sink()
            await sink.until(lambda: len(load.acked) >= 20)
            ballast = fill(disk, leave=4 * 1024 * 1024)
            assert full.process is not None
            # Its only log directory has failed: the broker halts.
            await sink.until(lambda: not processes.alive(full.process), 90)  # type: ignore[arg-type]
            said = (tmp_path / "broker.log").read_text()
            await sink.until(lambda: sink.get("/readyz")[0] == 503, 60)
            trouble = sink.get("/readyz")[1]
            ballast.unlink()
            await asyncio.to_thread(full.start)
            acked = len(load.acked)
            await sink.until(lambda: len(load.acked) >= acked + 20, 90)
            await load.finish()
            count = await nothing_acked_is_lost(lab, load)
            await _until_all_is_stored(lab, sink)
        proven = await prove(lab, watch)
        sink.end()

    assert "No space left on device" in said
    assert "kafka" in trouble
    fault(
        "F12",
        f"the broker halts, the sink says so; {len(load.acked)} acknowledged of {count} kept; {proven}",
    )


async def test_f13_a_sink_that_the_coordinator_does_not_hear_is_replaced_and_doubles_nothing(
    lab: Lab, proxied: str, kafka_faults: KafkaFaults, fault: Fault
) -> None:
    name = f"{lab.topic}-0"
    await lab.create()
    await lab.numbers(0, 20)

    async with watched(lab) as watch:
        deaf = lab.sink(KAFKA_BOOTSTRAP_SERVERS=proxied)
        await lab.until_stored(deaf, 20)
        kafka_faults.swallowed, kafka_faults.swallow = 0, COORDINATION
        try:
            heir = lab.sink()
            await heir.until(lambda: heir.partition(name).get("state") == "running")
            # The data path is alive: both read and write these.
            await lab.numbers(20, 40)
            await lab.until_stored(heir, 60)
            swallowed = kafka_faults.swallowed
        finally:
            kafka_faults.swallow = frozenset()
        await lab.numbers(60, 10)
        await deaf.until(lambda: deaf.metric("s3_sink_rebalances_total") >= 2, 90)
        await deaf.until(lambda: lab.ends() == {0: 70})
        for one in (heir, deaf):
            assert one.end() == 0

    assert swallowed >= 1
    fault("F13", f"{swallowed} requests to the coordinator lost; {await prove(lab, watch)}")


async def test_f33_a_sink_that_cannot_log_still_stores_everything(
    lab: Lab, disk: Path, fault: Fault
) -> None:
    # The sink has no spool and writes no file: what is left of the row is its log.
    lab.log_folder = disk
    fill(disk, leave=0)
    await lab.create()
    await lab.numbers(0, 50)

    async with watched(lab) as watch:
        sink = lab.sink(S3_SINK_OBJECT__MAX_RECORDS="10")
        await lab.until_stored(sink, 50)
        ready = sink.get("/readyz")[0]
        assert sink.end() == 0

    assert sink.log.stat().st_size == 0
    assert ready == 200
    fault("F33", f"no spool; its log on a full disk: {await prove(lab, watch)}")


@pytest.mark.needs("strace")
@pytest.mark.timeout(600)
async def test_f33_a_broker_whose_disk_fails_to_sync_loses_nothing_it_acknowledged(
    store: stores.Address, tmp_path: Path, open_: ExitStack, fault: Fault
) -> None:
    with own_broker(tmp_path / "kafka", tmp_path / "broker.log") as failing:
        lab = Lab(failing.bootstrap, store, tmp_path, open_)
        # Each record is on the disk before it is acknowledged, so each meets the fault.
        await lab.create(flush_messages="1")
        async with watched(lab) as watch, loaded(lab) as load:
            sink = lab.sink()
            await sink.until(lambda: sink.is_ready)
            await sends(sink, load, 50)
            assert failing.process is not None
            with syncs_fail(failing.process.pid, tmp_path / "trace"):
                # Its only log directory has failed: the broker halts.
                await sink.until(lambda: not processes.alive(failing.process), 90)  # type: ignore[arg-type]
            said = (tmp_path / "broker.log").read_text()
            refused = (tmp_path / "trace").read_text().count("(INJECTED)")
            await sink.until(lambda: sink.get("/readyz")[0] == 503, 60)
            trouble = sink.get("/readyz")[1]
            await asyncio.to_thread(failing.start)
            await sends(sink, load, 50)
            await load.finish()
            count = await nothing_acked_is_lost(lab, load)
            await _until_all_is_stored(lab, sink)
            await sink.until(lambda: sink.is_ready)
        proven = await prove(lab, watch)
        assert sink.end() == 0

    assert refused >= 1
    assert "Input/output error" in said
    assert "kafka" in trouble
    fault(
        "F33",
        f"EIO on {refused} fsyncs of the broker: it halts, the sink says so and goes on; "
        f"{len(load.acked)} acknowledged of {count} kept; {proven}",
    )
