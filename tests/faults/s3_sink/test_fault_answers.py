"""Brokers that answer with bytes that make no sense: no process ends, nothing is lost or doubled."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.faults.s3_sink.conftest import Fault
from tests.labs.cluster.kafka_proxy import KafkaFaults
from tests.labs.cluster.lab import Lab
from tests.labs.cluster.proof import prove, watched

# Kafka's protocol, "API Keys".
APIS = {
    "Fetch": 1,
    "ListOffsets": 2,
    "Metadata": 3,
    "OffsetCommit": 8,
    "OffsetFetch": 9,
    "FindCoordinator": 10,
    "JoinGroup": 11,
    "Heartbeat": 12,
    "SyncGroup": 14,
    "ApiVersions": 18,
}
KINDS = ("empty", "cut", "noise")


@pytest.fixture
def garbling(kafka_faults: KafkaFaults) -> Iterator[KafkaFaults]:
    yield kafka_faults
    kafka_faults.garble = {}


@pytest.mark.timeout(600)
@pytest.mark.representative("moto")
async def test_a_sink_goes_on_behind_answers_of_kafka_that_nobody_can_read(
    lab: Lab, proxied: str, garbling: KafkaFaults, fault: Fault
) -> None:
    await lab.create()
    await lab.numbers(0, 10)
    garbling.garble = {key: list(KINDS) for key in APIS.values()}

    async with watched(lab) as watch:
        sink = lab.sink(KAFKA_BOOTSTRAP_SERVERS=proxied)
        await lab.until_stored(sink, 10, 120)
        for start in range(10, 40, 10):
            # Those that come only now and then: a commit, a beat, a look at the log's ends.
            garbling.garble |= {APIS[name]: list(KINDS) for name in ("Fetch", "OffsetCommit")}
            await lab.numbers(start, 10)
            await lab.until_stored(sink, start + 10, 120)
        await asyncio.sleep(7)  # a few beats
        await lab.numbers(40, 10)
        await lab.until_stored(sink, 50, 120)
        left = {name: len(garbling.garble.get(key, ())) for name, key in APIS.items()}

    await sink.until(lambda: sink.is_ready)
    assert sink.end() == 0
    anew = len(sink.lines("membership_lost"))
    assert anew >= 1  # noise in the place of a beat's answer ends the client's own task
    fault("answers", f"not played: {left}; joined anew {anew} times; {await prove(lab, watch)}")


@pytest.mark.representative("moto")
@pytest.mark.full_size
async def test_control_a_member_that_is_dead_and_stays_stores_nothing_more(
    lab: Lab, proxied: str, garbling: KafkaFaults, fault: Fault
) -> None:
    await lab.create()
    await lab.numbers(0, 10)
    sink = lab.sink("without=membership", KAFKA_BOOTSTRAP_SERVERS=proxied)
    await lab.until_stored(sink, 10)
    garbling.garble = {APIS["Heartbeat"]: ["noise"]}

    # Once: the same line again is counted, not written.
    await sink.until(lambda: sink.lines("poll_failed") and not sink.is_ready)
    await lab.numbers(10, 10)
    await asyncio.sleep(10)

    assert not sink.is_ready
    assert lab.ends() == {0: 10}
    fault("answers", f"control is red: {sink.lines('poll_failed')[-1]['reason'][:90]}")
