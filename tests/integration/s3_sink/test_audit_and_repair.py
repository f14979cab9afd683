"""`coinlake audit`, `repair`, `abandon` and `epoch` on a real broker, a real store and real sinks."""

import json

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from tests.labs.cluster.lab import Lab
from tests.labs.cluster.proof import coinlake


async def _filled(lab: Lab, count: int = 40) -> list[str]:
    """Have a sink store records in objects of ten; their keys by link."""
    await lab.create()
    await lab.numbers(0, count)
    sink = lab.sink(S3_SINK_OBJECT__MAX_RECORDS="10")
    await sink.until(lambda: sink.partition(f"{lab.topic}-0").get("committed") == count)
    assert sink.end() == 0
    return sorted(one.key for one in lab.objects())


async def test_a_lost_object_is_found_by_the_audit_and_put_back_by_the_repair(
    lab: Lab,
) -> None:
    keys = await _filled(lab)
    verdict = lab.folder / "audit.json"
    sound = await coinlake(lab, "audit", "--topic", lab.topic, "--deep", "--json", str(verdict))
    assert sound.code == 0, sound.text
    told = json.loads(verdict.read_text())
    assert told["topics"][lab.topic]["1-0"]["compared_with_kafka"] == 40
    before = {one.key: one for one in lab.objects()}

    lab.s3.delete_object(Bucket=lab.name, Key=keys[1])
    broken = await coinlake(lab, "audit", "--topic", lab.topic, "--json", str(verdict))
    span = ("--topic", lab.topic, "--partition", "0", "--from", "0", "--to", "40")
    dry = await coinlake(lab, "repair", *span, "--dry-run")
    repaired = await coinlake(lab, "repair", *span)
    again = await coinlake(lab, "audit", "--topic", lab.topic, "--deep")

    assert broken.code == 1
    assert json.loads(verdict.read_text())["first_difference"]["offset"] == 10
    assert (dry.code, dry.text.count("same"), dry.text.count("missing")) == (1, 3, 1)
    assert repaired.code == 0, repaired.text
    assert again.code == 0, again.text
    (back,) = [one for one in lab.objects() if one.key == keys[1]]
    assert back.metadata["sha256"] == before[keys[1]].metadata["sha256"]
    assert back.records == before[keys[1]].records


@pytest.mark.full_size
async def test_a_sink_goes_on_behind_a_repaired_tail(lab: Lab) -> None:
    keys = await _filled(lab)
    lab.s3.delete_object(Bucket=lab.name, Key=keys[-1])
    sink = lab.sink()
    name = f"{lab.topic}-0"
    await sink.until(lambda: sink.partition(name).get("state") == "stopped")
    assert "is missing" in sink.partition(name)["reason"]
    sink.end()

    found = await coinlake(lab, "audit", "--topic", lab.topic)
    span = ("--topic", lab.topic, "--partition", "0", "--from", "30", "--to", "40")
    repaired = await coinlake(lab, "repair", *span)
    await lab.numbers(40, 5)
    heir = lab.sink()
    await heir.until(lambda: heir.partition(name).get("committed") == 45)

    assert "tail" in found.text
    assert repaired.code == 0, repaired.text
    assert [one.offset for one in lab.stored()] == list(range(45))
    assert heir.end() == 0


async def test_a_sink_goes_on_behind_an_abandoned_range(lab: Lab) -> None:
    await _filled(lab)
    await lab.numbers(40, 20)
    admin = AIOKafkaAdminClient(bootstrap_servers=lab.bootstrap)
    await admin.start()
    try:
        await admin.delete_records(
            {TopicPartition(lab.topic, 0): RecordsToDelete(before_offset=50)}
        )
    finally:
        await admin.close()
    sink = lab.sink()
    name = f"{lab.topic}-0"
    await sink.until(lambda: sink.partition(name).get("state") == "stopped")
    assert "[40, 50) has expired" in sink.partition(name)["reason"]
    mark = (
        "abandon",
        f"--topic={lab.topic}",
        "--partition=0",
        f"--group={lab.name}",
        "--to=50",
        "--reason=the store was away too long",
    )
    refused = await coinlake(lab, *mark)
    sink.end()

    marked = await coinlake(lab, *mark)
    heir = lab.sink()
    await heir.until(lambda: heir.partition(name).get("committed") == 60)
    heir.end()
    proven = await coinlake(lab, "audit", "--topic", lab.topic, "--deep")

    assert "stop every sink" in refused.text
    assert marked.code == 0, marked.text
    assert proven.code == 0, proven.text


@pytest.mark.full_size
async def test_a_sink_copies_a_topic_made_anew_in_a_new_epoch(lab: Lab) -> None:
    await _filled(lab)
    await lab.delete()
    await lab.create()
    await lab.numbers(100, 45)
    sink = lab.sink()
    name = f"{lab.topic}-0"
    await sink.until(lambda: sink.partition(name).get("state") == "stopped")
    sink.end()

    raised = await coinlake(
        lab, "epoch", "raise", "--topic", lab.topic, "--group", lab.name, "--reason", "anew"
    )
    heir = lab.sink()
    await heir.until(lambda: heir.partition(name).get("committed") == 45)
    heir.end()
    proven = await coinlake(lab, "audit", "--topic", lab.topic, "--deep")

    assert raised.code == 0, raised.text
    assert proven.code == 0, proven.text
    assert {one.key.rsplit("/", 1)[1].split("-")[0] for one in lab.objects()} == {"1", "2"}


@pytest.mark.full_size(but="KAFKA")
@pytest.mark.parametrize("away", ["KAFKA_BOOTSTRAP_SERVERS", "AWS_ENDPOINT_URL"])
async def test_what_cannot_be_looked_at_is_no_verdict(lab: Lab, away: str) -> None:
    nobody = "127.0.0.1:9" if away.startswith("KAFKA") else "http://127.0.0.1:9"

    said = await coinlake(lab, "audit", "--topic", lab.topic, **{away: nobody})

    assert said.code == 2, said.text
