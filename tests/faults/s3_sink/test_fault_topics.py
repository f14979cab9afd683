"""What happens to topic and group behind the sink's back: F14, F15, F16."""

import asyncio
import json
import subprocess

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from local_stack.broker import Broker, environment
from tests.faults.s3_sink.conftest import Fault
from tests.labs.cluster.lab import Lab
from tests.labs.cluster.proof import coinlake, etags, prove, values, watched


async def _filled(lab: Lab, count: int) -> None:
    await lab.create()
    await lab.numbers(0, count)
    sink = lab.sink(S3_SINK_OBJECT__MAX_RECORDS="10")
    await lab.until_stored(sink, count)
    assert sink.end() == 0


@pytest.mark.parametrize("while_it_runs", [True, False])
async def test_f14_a_topic_made_anew_stops_the_partition_until_a_new_epoch(
    lab: Lab, fault: Fault, while_it_runs: bool
) -> None:
    await _filled(lab, 30)
    before = {one.key: one.body for one in lab.objects()}
    sink = lab.sink()
    await sink.until(lambda: sink.is_ready)
    if not while_it_runs:
        assert sink.end() == 0
    await lab.delete()
    await lab.create()
    await lab.numbers(1000, 12)
    if not while_it_runs:
        sink = lab.sink()
    reason = await lab.until_stopped(sink, 60)
    after = {one.key: one.body for one in lab.objects()}
    assert sink.end() == 0

    raised = await coinlake(
        lab, "epoch", "raise", "--topic", lab.topic, "--group", lab.name, "--reason", "anew"
    )
    assert raised.code == 0, raised.text
    heir = lab.sink()
    await lab.until_stored(heir, 12)

    assert "re-created or truncated" in reason
    assert after == before
    epochs: dict[str, set[bytes | None]] = {"1": set(), "2": set()}
    for one in lab.objects():
        epoch = one.key.rsplit("/", 1)[1].split("-")[0]
        epochs[epoch] |= {record.value for record in one.records}
    assert epochs["1"] == {b'{"n": %d}' % number for number in range(30)}
    assert epochs["2"] == set(await values(lab))
    audit = await coinlake(lab, "audit", "--topic", lab.topic, "--deep")
    assert audit.code == 0, audit.text
    when = "while the sink ran" if while_it_runs else "while it was away"
    fault("F14", f"made anew {when}: refused ({reason[:60]}…); epoch 2 holds only the new ones")


async def _expire_all(lab: Lab) -> None:
    """Retention of one second, until nothing is left; then none again."""
    admin = AIOKafkaAdminClient(bootstrap_servers=lab.bootstrap)
    await admin.start()
    try:
        for retention_ms in ("1000", "-1"):
            await admin.alter_configs(
                [
                    ConfigResource(
                        ConfigResourceType.TOPIC, lab.topic, {"retention.ms": retention_ms}
                    )
                ]
            )
            while retention_ms == "1000" and await values(lab):
                pass
    finally:
        await admin.close()


async def test_f15_records_that_expired_unread_are_named_as_a_range(
    lab: Lab, fault: Fault
) -> None:
    await _filled(lab, 20)
    await lab.numbers(20, 30)
    await _expire_all(lab)
    await lab.numbers(50, 10)

    sink = lab.sink()
    reason = await lab.until_stopped(sink, 60)
    assert sink.end() == 0
    lost = await coinlake(lab, "audit", "--topic", lab.topic)
    marked = await coinlake(
        lab,
        "abandon",
        f"--topic={lab.topic}",
        "--partition=0",
        f"--group={lab.name}",
        "--to=50",
        "--reason=expired while the sink was down",
    )
    heir = lab.sink()
    await lab.until_stored(heir, 60)
    verdict = lab.folder / "verdict.json"
    audit = await coinlake(lab, "audit", "--topic", lab.topic, "--deep", "--json", str(verdict))

    assert "[20, 50) has expired" in reason
    assert lost.code == 1
    assert marked.code == 0, marked.text
    assert audit.code == 0, audit.text
    (given_up,) = json.loads(verdict.read_text())["topics"][lab.topic]["1-0"]["given_up"]
    assert (given_up["from"], given_up["to"]) == (20, 50)
    fault("F15", "[20, 50) is named by the sink, and by the audit once it is given up")


def _delete_group(broker: Broker, group: str) -> None:
    """What Kafka does itself with a group that nobody has used for a week."""
    command = broker.spec.java(
        "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
        *("--bootstrap-server", broker.bootstrap, "--delete", "--group", group),
    )
    subprocess.run(command, env=environment(broker.spec), check=True, capture_output=True)


@pytest.mark.parametrize(
    "how",
    [pytest.param("earliest", marks=pytest.mark.representative("moto")), "no group"],
)
async def test_f16_a_group_that_was_reset_rewrites_nothing(
    lab: Lab, broker: Broker, fault: Fault, how: str
) -> None:
    await _filled(lab, 40)
    before = etags(lab)
    if how == "earliest":
        await lab.commit(0)
    else:
        await asyncio.to_thread(_delete_group, broker, lab.name)

    async with watched(lab) as watch:
        sink = lab.sink()
        await lab.until_stored(sink, 40)
        caught_up = etags(lab)
        await lab.numbers(40, 10)
        await lab.until_stored(sink, 50)

    assert caught_up == before
    assert lab.faults.puts == 5
    fault(
        "F16",
        f"{how}: no object changed, commits caught up; {await prove(lab, watch, strangers=1)}",
    )
