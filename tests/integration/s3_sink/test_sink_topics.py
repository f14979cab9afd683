"""What happens to topics and buckets behind a running sink's back, on a real broker and store."""

import asyncio
import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from coinlake.batch_records import header_name
from coinlake.contracts.raw_index import Record
from local_stack.broker import Broker, environment
from tests.kafka_batches import batch
from tests.labs.cluster.brokers import own_broker
from tests.labs.cluster.lab import Lab
from tests.labs.cluster.process import SinkProcess
from tests.labs.cluster.proof import coinlake

NOON_MS = 1_790_000_000_000 // 3_600_000 * 3_600_000


@pytest.fixture
def twins(lab: Lab) -> tuple[Lab, str]:
    """The lab, and the name of a second topic that its sinks copy too."""
    return lab, f"{lab.name}-b.v1"


def _both(lab: Lab, other: str) -> str:
    return json.dumps([lab.topic, other])


async def _until_ready(sink: SinkProcess) -> None:
    await sink.until(lambda: sink.is_ready, 60)


@pytest.mark.full_size(but="0.0")
@pytest.mark.parametrize("pause_s", [0.0, 0.7, 3.0])
async def test_a_topic_made_anew_under_a_running_sink_is_never_mixed_into_the_chain(
    lab: Lab, pause_s: float
) -> None:
    await lab.create()
    await lab.numbers(0, 10)
    sink = lab.sink()
    await lab.until_stored(sink, 10)
    before = {one.key: one.body for one in lab.objects()}

    await lab.delete()
    await asyncio.sleep(pause_s)
    await lab.create()
    await lab.numbers(1000, 40)
    reason = await lab.until_stopped(sink, 90)
    plain = await coinlake(lab, "audit", "--topic", lab.topic)
    assert sink.end() == 0
    raised = await coinlake(
        lab, "epoch", "raise", "--topic", lab.topic, "--group", lab.name, "--reason", "anew"
    )
    heir = lab.sink()
    await lab.until_stored(heir, 40)

    assert "re-created" in reason
    assert {key: body for key, body in _bodies(lab).items() if key in before} == before
    assert plain.code == 1
    assert "re-created" in plain.text
    assert raised.code == 0, raised.text
    new = [record for one in lab.objects() if "/2-0-" in one.key for record in one.records]
    assert sorted(one.value for one in new if one.value) == sorted(
        b'{"n": %d}' % number for number in range(1000, 1040)
    )


def _bodies(lab: Lab) -> dict[str, bytes]:
    return {one.key: one.body for one in lab.objects()}


async def test_a_header_whose_name_is_no_text_is_stored_bit_for_bit_and_stops_nothing(
    twins: tuple[Lab, str],
) -> None:
    lab, other = twins
    names = (b"\xff\x00\xfe", "é".encode(), b"\xed\xa0\x80", b"")
    odd = [
        Record(
            n, NOON_MS + n, b"k", b"v%d" % n, tuple((header_name(name), b"x") for name in names)
        )
        for n in range(3)
    ]
    await lab.create()
    with lab.of(other):
        await lab.create()
        await lab.numbers(0, 20)
    await lab.produce_batch(lab.topic, batch(odd, codec_number=1))

    sink = lab.sink(S3_SINK_TOPICS=_both(lab, other))
    await lab.until_stored(sink, 3)
    await sink.until(lambda: sink.partition(f"{other}-0").get("committed") == 20)
    await lab.numbers(3, 5)
    await lab.until_stored(sink, 8)
    heir = lab.sink(S3_SINK_TOPICS=_both(lab, other))
    assert sink.end() == 0
    await _until_ready(heir)
    audit = await coinlake(lab, "audit", "--topic", lab.topic, "--deep")

    stored = [r for one in lab.objects() if f"/{lab.topic}/" in one.key for r in one.records]
    assert sorted(stored, key=lambda one: one.offset)[:3] == odd
    assert audit.code == 0, audit.text


async def test_a_topic_that_is_missing_is_told_and_stops_no_other(
    twins: tuple[Lab, str],
) -> None:
    lab, missing = twins
    await lab.create()
    await lab.numbers(0, 10)

    sink = lab.sink(S3_SINK_TOPICS=_both(lab, missing))
    await lab.until_stored(sink, 10)
    await sink.until(lambda: missing in sink.get("/readyz")[1])
    not_ready = sink.get("/readyz")
    up = sink.metric(rf's3_sink_topic_up\{{topic="{missing}"\}}')
    with lab.of(missing):
        await lab.create()
        await lab.numbers(0, 7)
    await sink.until(lambda: sink.partition(f"{missing}-0").get("committed") == 7, 60)
    await _until_ready(sink)

    assert not_ready[0] == 503
    assert "does not exist" in not_ready[1]
    assert up == 0
    assert sink.metric(rf's3_sink_topic_up\{{topic="{missing}"\}}') == 1


@pytest.mark.full_size
async def test_a_topic_that_is_deleted_is_told_and_stops_no_other(
    twins: tuple[Lab, str],
) -> None:
    lab, deleted = twins
    await lab.create()
    with lab.of(deleted):
        await lab.create()
    sink = lab.sink(S3_SINK_TOPICS=_both(lab, deleted))
    await _until_ready(sink)

    with lab.of(deleted):
        await lab.delete()
    up = rf's3_sink_topic_up\{{topic="{deleted}"\}}'
    await sink.until(lambda: sink.metric(up) == 0, 60)
    await lab.numbers(0, 10)
    await lab.until_stored(sink, 10)

    code, said = sink.get("/readyz")
    assert (code, "does not exist" in said) == (503, True)
    assert sink.metric(rf's3_sink_topic_up\{{topic="{lab.topic}"\}}') == 1


@pytest.fixture(scope="module")
def guarded_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """A broker on which rights can be taken away."""
    folder = tmp_path_factory.mktemp("guarded-broker")
    settings = {
        "authorizer_class_name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow_everyone_if_no_acl_found": "true",
        "super_users": "User:nobody",
    }
    with own_broker(folder, folder / "broker.log", **settings) as broker:
        yield broker


def _acl(broker: Broker, change: str, topic: str) -> None:
    command = broker.spec.java(
        "org.apache.kafka.tools.AclCommand",
        *("--bootstrap-server", broker.bootstrap, change, "--force", "--topic", topic),
        *(
            "--deny-principal",
            "User:ANONYMOUS",
            "--operation",
            "Read",
            "--operation",
            "Describe",
        ),
    )
    subprocess.run(command, env=environment(broker.spec), check=True, capture_output=True)


@pytest.mark.full_size
async def test_a_topic_whose_right_is_taken_away_is_told_and_stops_no_other(
    guarded_broker: Broker, sink_s3: tuple[str, int], tmp_path: Path
) -> None:
    from tests.labs.cluster.lab import Lab as RealLab

    with ExitStack() as open_, suppress(ProcessLookupError):
        lab = RealLab(guarded_broker.bootstrap, sink_s3, tmp_path, open_)
        denied = f"{lab.name}-b.v1"
        await lab.create()
        with lab.of(denied):
            await lab.create()
            await lab.numbers(0, 5)
        sink = lab.sink(S3_SINK_TOPICS=_both(lab, denied))
        await sink.until(lambda: sink.partition(f"{denied}-0").get("committed") == 5)

        _acl(guarded_broker, "--add", denied)
        await sink.until(lambda: denied in sink.get("/readyz")[1], 60)
        await lab.numbers(0, 10)
        await lab.until_stored(sink, 10)
        not_ready = sink.get("/readyz")
        _acl(guarded_broker, "--remove", denied)
        with lab.of(denied):
            await lab.numbers(5, 5)
        await sink.until(lambda: sink.partition(f"{denied}-0").get("committed") == 10, 90)
        await _until_ready(sink)

        assert not_ready[0] == 503
        assert sink.end() == 0


@pytest.mark.full_size(but="False")
@pytest.mark.parametrize("restarts", [False, True])
async def test_an_emptied_bucket_is_a_contradiction_until_a_new_epoch(
    lab: Lab, restarts: bool
) -> None:
    await lab.create()
    await lab.numbers(0, 10)
    sink = lab.sink()
    await lab.until_stored(sink, 10)
    if restarts:
        assert sink.end() == 0
    _empty(lab)
    lab.faults.status = 503
    await lab.numbers(10, 10)
    if not restarts:
        await sink.until(lambda: sink.metric("s3_sink_retries_total") > 0)
    lab.faults.status = None
    if restarts:
        sink = lab.sink()

    reason = await lab.until_stopped(sink, 90)
    assert sink.end() == 0
    raised = await coinlake(
        lab, "epoch", "raise", "--topic", lab.topic, "--group", lab.name, "--reason", "emptied"
    )
    heir = lab.sink()
    await lab.until_stored(heir, 20)

    assert "emptied" in reason
    assert raised.code == 0, raised.text
    assert [one.key for one in lab.objects() if "/1-0-" in one.key] == []


def _empty(lab: Lab, prefix: str = "") -> None:
    for page in lab.s3.get_paginator("list_objects_v2").paginate(
        Bucket=lab.name, Prefix=prefix
    ):
        for item in page.get("Contents", ()):
            lab.s3.delete_object(Bucket=lab.name, Key=item["Key"])


async def test_the_newest_object_in_an_archive_does_not_hold_up_what_comes_behind_it(
    lab: Lab,
) -> None:
    await lab.create()
    await lab.numbers(0, 10)
    sink = lab.sink()
    await lab.until_stored(sink, 10)
    assert sink.end() == 0
    for one in lab.objects():
        lab.s3.copy_object(
            Bucket=lab.name, Key=one.key, CopySource={"Bucket": lab.name, "Key": one.key},
            StorageClass="GLACIER", MetadataDirective="COPY",
        )  # fmt: skip

    await lab.numbers(10, 10)
    heir = lab.sink()
    await lab.until_stored(heir, 20)

    assert heir.is_ready
    assert not heir.lines("partition_started")[0]["compared"]


@pytest.mark.full_size
async def test_a_chain_that_has_expired_goes_on_from_its_epoch(lab: Lab) -> None:
    await lab.create()
    await lab.numbers(0, 10)
    sink = lab.sink()
    await lab.until_stored(sink, 10)
    assert sink.end() == 0
    _empty(lab, "raw/")

    await lab.numbers(10, 10)
    heir = lab.sink()
    await lab.until_stored(heir, 20)

    (one,) = lab.objects()
    assert (one.metadata["link"], one.metadata["next"]) == ("10", "20")
    assert heir.lines("chain_expired")


async def test_a_transactions_markers_are_neither_lag_nor_holes(lab: Lab) -> None:
    await lab.create()
    producer = AIOKafkaProducer(bootstrap_servers=lab.bootstrap, transactional_id=lab.name)
    await producer.start()
    for number in range(3):
        async with producer.transaction():
            await producer.send(
                lab.topic, b"%d" % number, partition=0, timestamp_ms=NOON_MS + number
            )
    await producer.stop()

    sink = lab.sink()
    await sink.until(lambda: sink.partition(f"{lab.topic}-0").get("committed") == 5)
    lag = rf's3_sink_lag_records\{{partition="0",topic="{lab.topic}"\}}'
    await sink.until(lambda: "s3_sink_lag_records{" in sink.get("/metrics")[1], 30)
    audit = await coinlake(lab, "audit", "--topic", lab.topic)
    deep = await coinlake(lab, "audit", "--topic", lab.topic, "--deep")

    assert sink.metric(lag) == 0
    assert audit.code == 0, audit.text
    assert deep.code == 0, deep.text
