"""Exactly once while sinks are killed, frozen, stopped and added, with real Kafka and S3."""

import json
import signal

import pytest

from tests.labs.cluster.lab import Lab


def _numbers(lab: Lab, partition: int = 0) -> list[int]:
    return [json.loads(record.value or b"")["n"] for record in lab.stored(partition)]


@pytest.mark.full_size
async def test_each_offset_is_stored_once_although_the_sink_is_killed_again_and_again(
    lab: Lab,
) -> None:
    small = {"S3_SINK_OBJECT__MAX_RECORDS": "20", "S3_SINK_GROUP__INSTANCE_ID": lab.name}
    await lab.create()
    await lab.numbers(0, 3000)

    # Progress decides when to kill, so each blow lands in the middle of the work.
    for objects in (3, 9, 21):
        sink = lab.sink(**small)
        await sink.until(lambda o=objects: lab.faults.puts >= o)  # type: ignore[misc]
        sink.end(signal.SIGKILL)
    killed_at = lab.ends()[0]
    last = lab.sink(**small)
    await last.until(lambda: last.partition(f"{lab.topic}-0").get("chain_end") == 3000)

    assert 0 < killed_at < 3000
    assert lab.ends() == {0: 3000}
    assert _numbers(lab) == list(range(3000))


async def test_members_that_join_and_leave_hand_partitions_over_without_a_trace(
    lab: Lab,
) -> None:
    await lab.create(partitions=4)
    for partition in range(4):
        await lab.numbers(0, 50, partition)
    first = lab.sink(S3_SINK_OBJECT__MAX_AGE_S="60")
    await first.until(lambda: len(first.status()["partitions"]) == 4)
    await first.until(
        lambda: all(p["position"] == 50 for p in first.status()["partitions"].values())
    )
    assert lab.objects() == []

    second = lab.sink(S3_SINK_OBJECT__MAX_AGE_S="60")
    await second.until(lambda: len(second.status()["partitions"]) == 2)
    # The first let go of everything it held before the second began.
    assert lab.ends() == dict.fromkeys(range(4), 50)
    for partition in range(4):
        await lab.numbers(50, 50, partition)
    assert first.end() == 0
    await second.until(lambda: len(second.status()["partitions"]) == 4)
    await second.until(
        lambda: all(p["position"] == 100 for p in second.status()["partitions"].values())
    )
    assert second.end() == 0

    assert lab.ends() == dict.fromkeys(range(4), 100)
    assert [_numbers(lab, partition) for partition in range(4)] == [list(range(100))] * 4


@pytest.mark.full_size
async def test_a_frozen_sink_that_wakes_up_after_it_was_replaced_doubles_nothing(
    lab: Lab,
) -> None:
    name = f"{lab.topic}-0"
    await lab.create()
    await lab.numbers(0, 40)
    frozen = lab.sink(S3_SINK_OBJECT__MAX_AGE_S="60")
    await frozen.until(lambda: frozen.partition(name).get("open_records") == 40)
    frozen.process.send_signal(signal.SIGSTOP)

    heir = lab.sink()
    await heir.until(lambda: heir.partition(name).get("chain_end") == 40)
    await lab.numbers(40, 10)
    await heir.until(lambda: heir.partition(name).get("chain_end") == 50)
    frozen.process.send_signal(signal.SIGCONT)
    # Awake it flushes what it held, which is in the chain already, and joins again.
    await frozen.until(lambda: frozen.metric("s3_sink_rebalances_total") == 2)
    adopted = frozen.metric("s3_sink_adoptions_total")
    assert frozen.end() == 0
    assert heir.end() == 0

    assert adopted >= 1
    assert lab.ends() == {0: 50}
    assert _numbers(lab) == list(range(50))


@pytest.mark.full_size
async def test_two_sinks_under_one_instance_id_lose_nothing_and_say_what_is_wrong(
    lab: Lab,
) -> None:
    named = {"S3_SINK_GROUP__INSTANCE_ID": lab.name}
    await lab.create()
    await lab.numbers(0, 40)
    first = lab.sink(**named)
    await lab.until_stored(first, 40)

    second = lab.sink(**named)
    for sink in (first, second):
        await sink.until(lambda one=sink: "instance id" in one.get("/readyz")[1])  # type: ignore[misc]
    await lab.numbers(40, 40)
    assert second.end() == 0
    await lab.until_stored(first, 80)
    assert first.end() == 0

    assert lab.ends() == {0: 80}
    assert _numbers(lab) == list(range(80))
