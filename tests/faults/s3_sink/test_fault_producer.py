"""What the ingestor sends twice, cannot send, or cannot write down: F05, F08, F33."""

import json
import random
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from coinlake.contracts.raw_layout import parse_raw_key
from coinlake.contracts.topics import GAPS, MAX_MESSAGE_BYTES
from coinlake.errors import BadRecordError
from coinlake.kafka import Producer, open_producer
from coinlake.settings import KafkaSettings
from local_stack.broker import Broker
from tests.faults.s3_sink.conftest import Fault
from tests.integration.ingestor.conftest import Simulator, StartIngestor, Topics
from tests.labs.cluster.disks import fill
from tests.labs.cluster.kafka_proxy import PRODUCE, KafkaFaults
from tests.labs.cluster.lab import NOON_MS, Lab
from tests.labs.cluster.proof import prove, watched

ASSETS = "coincap.assets.v1"
ONLY_ASSETS = {
    f"INGESTOR_FEEDS__{feed}__PAGES": pages
    for feed, pages in (("RATES", "0"), ("EXCHANGES", "0"), ("MARKETS", "0"), ("ASSETS", "1"))
}


def _published(status: Any) -> int:
    return int(status["feeds"]["assets"]["published"])


def _again(polls: list[tuple[int, str]]) -> list[int]:
    """The offsets of those whose poll was there before."""
    seen: set[str] = set()
    return [offset for offset, poll in sorted(polls) if poll in seen or seen.add(poll)]  # type: ignore[func-returns-value]


@pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
async def test_f05_an_answer_whose_ack_was_lost_is_twice_in_kafka_and_once_in_the_tables(
    lab: Lab,
    proxied: str,
    kafka_faults: KafkaFaults,
    simulator: Simulator,
    topics: Topics,
    start_ingestor: StartIngestor,
    fault: Fault,
) -> None:
    settings = {
        "KAFKA_BOOTSTRAP_SERVERS": proxied,
        # Heartbeats are no answers, and are not sent again.
        "INGESTOR_HEARTBEAT_S": "600",
        **ONLY_ASSETS,
    }
    ingestor = await start_ingestor(**settings)
    await ingestor.until("/status", lambda status: _published(status) >= 5)
    kafka_faults.cuts, kafka_faults.cut_after = 0, PRODUCE
    try:
        await ingestor.until("/status", lambda _: kafka_faults.cuts == 1)
        ingestor.process.end(signal.SIGKILL)
    finally:
        kafka_faults.swallow, kafka_faults.cut_after = frozenset(), None
    again = await start_ingestor(**settings)
    await again.until("/status", lambda status: _published(status) >= 12)
    again.process.end()

    lab.topic_name = ASSETS
    end = await lab.log_end()
    async with watched(lab) as watch:
        sink = lab.sink()
        await lab.until_stored(sink, end)
    records = [r for r in await topics.read() if r.topic == ASSETS and r.value is not None]
    in_kafka = _again([(r.offset, r.headers["poll_id"]) for r in records])
    in_raw = _again(
        [
            (record.offset, dict(record.headers)["poll_id"].decode())  # type: ignore[union-attr]
            for record in lab.stored()
            if record.value is not None and record.offset >= records[0].offset
        ]
    )
    in_tables = [offset for offset in _deduplicated(lab) if offset >= records[0].offset]

    assert len(in_kafka) >= 1
    assert in_kafka == in_raw == in_tables
    variants = {
        (r.headers["poll_id"], r.key, r.value, r.timestamp_ms, tuple(r.headers.items()))
        for r in records
    }
    assert len(variants) == len(records) - len(in_kafka)
    assert not watch.violations
    fault("F05", f"offsets {in_kafka} are second copies in Kafka, in raw and for the ETL")


def _deduplicated(lab: Lab) -> list[int]:
    """The offsets that the ETL's own code takes for duplicates: those that no row is of."""
    from coinlake_kernel.hour import HourKernel
    from coinlake_kernel.records import RawSource, records_of

    kernel: HourKernel | None = None
    offsets: list[int] = []
    for one in sorted(lab.objects(), key=lambda one: one.key):
        key = parse_raw_key(one.key)
        assert key is not None
        source = RawSource("assets", key.hour.dt, key.hour.hour, one.key, "e", None, 60_000)
        kernel = kernel or HourKernel("assets", 60_000)
        kernel.add(source, one.body)
        offsets += [record.kafka_offset for record in records_of(source, one.body)]
    assert kernel is not None
    typed = kernel.finish()
    kept = {
        offset
        for name in ("quotes", "quotes_quarantine")
        if name in typed.tables
        for offset in typed.tables[name].table()["kafka_offset"].to_pylist()
    }
    assert typed.tallies["duplicates"] == len(set(offsets) - kept)
    return sorted(set(offsets) - kept)


@pytest.mark.parametrize(
    "whose",
    [pytest.param("topic", marks=pytest.mark.representative("moto")), "broker", "client"],
)
async def test_f08_a_record_about_each_limit_is_taken_or_named_and_blocks_nothing(
    lab: Lab, fault: Fault, whose: str
) -> None:
    limits = {"client": MAX_MESSAGE_BYTES, "topic": 200_000, "broker": 1_048_588}
    limit = limits[whose]
    own = {"client": str(4 * limit), "topic": str(limit)}
    more = {"max_message_bytes": own[whose]} if whose in own else {}
    await lab.create(1, "delete", **more)
    kafka = KafkaSettings(bootstrap_servers=lab.bootstrap)
    # No codec makes it smaller, and it is one line.
    noise = random.Random(8).randbytes(limit + 1).replace(b"\n", b".")

    async with open_producer(kafka, "f08") as producer:
        largest = await _boundary(producer, lab.topic, noise, limit)
        with pytest.raises(BadRecordError) as refused:
            await _send(producer, lab.topic, noise[: largest + 1])
        await _send(producer, lab.topic, b"and on it goes")
        end = 1 + await _send(producer, lab.topic, noise[:largest])
    async with watched(lab) as watch:
        sink = lab.sink()
        await lab.until_stored(sink, end)

    why = type(refused.value.__cause__).__name__
    proven = await prove(lab, watch)
    fault("F08", f"limit of the {whose}: {largest} bytes fit, one more is {why}; {proven}")


async def _send(producer: Producer, topic: str, value: bytes) -> int:
    return await producer.send(topic, key=b"k", value=value, timestamp_ms=NOON_MS, partition=0)


async def _boundary(producer: Producer, topic: str, noise: bytes, limit: int) -> int:
    fits, too_big = limit - 60_000, limit + 1
    while too_big - fits > 1:
        size = (fits + too_big) // 2
        try:
            await _send(producer, topic, noise[:size])
        except BadRecordError:
            too_big = size
        else:
            fits = size
    return fits


async def test_f08_what_the_ingestor_cannot_send_is_kept_and_named(
    lab: Lab,
    broker: Broker,
    simulator: Simulator,
    topics: Topics,
    start_ingestor: StartIngestor,
    tmp_path: Path,
    fault: Fault,
) -> None:
    await _limit(broker.bootstrap, "100000")
    try:
        noise = random.Random(8).randbytes(100_000).hex()
        big = json.dumps({"data": [{"id": noise, "priceUsd": "1"}], "timestamp": 0})
        await simulator.script("/v3/assets", count=1, status=404, body=big)
        await _limit(broker.bootstrap, "100000", "coincap.rejected.v1")
        ingestor = await start_ingestor(**ONLY_ASSETS)
        status = await ingestor.until("/status", lambda status: _published(status) >= 5)
        await ingestor.until_metric("ingestor_unsendable_records_total 1.0")
        ingestor.process.end()
    finally:
        for topic in (ASSETS, "coincap.rejected.v1"):
            await _limit(broker.bootstrap, str(MAX_MESSAGE_BYTES), topic)

    (kept,) = (tmp_path / "state" / "journal" / "aside").iterdir()
    assert noise.encode() in kept.read_bytes()
    assert status["feeds"]["assets"]["published"] >= 5
    fault("F08", f"the ingestor keeps it as {kept.name}, says so, and sends the next ones")


async def _limit(bootstrap: str, size: str, topic: str = ASSETS) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, topic, {"max.message.bytes": size})]
        )
    finally:
        await admin.close()


async def test_f33_a_journal_on_a_full_disk_degrades_and_names_what_it_missed(
    lab: Lab,
    disk: Path,
    simulator: Simulator,
    topics: Topics,
    start_ingestor: StartIngestor,
    fault: Fault,
) -> None:
    state = disk / "state"
    ingestor = await start_ingestor(**ONLY_ASSETS, INGESTOR_STATE_DIR=str(state))
    await ingestor.until("/status", lambda status: _published(status) >= 5)
    ballast = fill(disk, leave=0)
    why = await ingestor.until("/readyz", lambda body: not body["ready"])
    # It asks less and less while nothing can be written.
    alive = (await ingestor.get("/healthz"))[0]
    ballast.unlink()
    before = _published(await ingestor.json("/status"))
    await ingestor.until("/status", lambda status: _published(status) >= before + 5, 90)
    await ingestor.until("/readyz", lambda body: body["ready"])
    assert ingestor.process.end() == 0

    records = await topics.read()
    served = Counter(entry["sha256"] for entry in await simulator.ledger())
    kept = Counter(
        r.headers["sha256"] for r in records if r.value is not None and r.topic == ASSETS
    )
    gaps = [json.loads(r.value or b"") for r in records if r.topic == GAPS]
    named = sum(gap["count"] for gap in gaps)
    assert alive == 200
    assert not kept - served
    assert (served - kept).total() <= named
    fault(
        "F33",
        f"not ready ({why['needs']}), alive; {(served - kept).total()} answers lost, {named} "
        "ticks named as missed",
    )
