"""A full disk and a missing topic: what has nothing to do with it goes on, and all heals by itself."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient

from coinlake.contracts.topics import GAPS, REJECTED, TOPICS
from coinlake.settings import KafkaSettings
from coinlake.topics import ensure_topics
from local_stack.broker import Broker
from tests.integration.ingestor.conftest import Simulator, StartIngestor, Topics
from tests.labs.cluster.disks import small_disk

pytestmark = pytest.mark.timeout(180)

QUICK = {
    "INGESTOR_FEEDS__ASSETS__INTERVAL_S": "0.1",
    "INGESTOR_FEEDS__RATES__INTERVAL_S": "0.1",
}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", 3) as folder:
        yield folder


def _refuses(body: Any) -> bool:
    return "disk refuses" in str(body["needs"]["journal"])


def _all_is_sent(status: Any) -> bool:
    return status["journal"]["pending_records"] == 0 and not any(status["needs"].values())


async def _kept_or_named(topics: Topics, simulator: Simulator) -> None:
    records = [one for one in await topics.read() if one.value is not None]
    answers = {one.headers["poll_id"]: one for one in records if one.topic != GAPS}
    kept = Counter(one.headers["sha256"] for one in answers.values())
    served = Counter(one["sha256"] for one in await simulator.ledger())
    lost = served - kept
    named = sum(json.loads(one.value or b"")["count"] for one in records if one.topic == GAPS)
    assert not kept - served
    assert lost.total() <= named


@pytest.mark.full_size(but="running")
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
async def test_a_disk_that_waiting_answers_fill_heals_when_kafka_is_back(
    broker: Broker,
    simulator: Simulator,
    topics: Topics,
    start_ingestor: StartIngestor,
    disk: Path,
    restarted: bool,
) -> None:
    settings = {**QUICK, "INGESTOR_STATE_DIR": str(disk / "state")}
    ingestor = await start_ingestor(**settings)
    await ingestor.until("/status", _all_is_sent)
    broker.stop()
    try:
        full = await ingestor.until("/readyz", _refuses, 90)
        waiting = (await ingestor.json("/status"))["journal"]["pending_records"]
        if restarted:
            assert ingestor.process.end() == 0, ingestor.process.text()[-3_000:]
            ingestor = await start_ingestor(**settings)
            await ingestor.until("/readyz", _refuses)
        alive = (await ingestor.get("/healthz"))[0]
    finally:
        broker.start()
    healed = await ingestor.until("/status", _all_is_sent, 90)
    polls = healed["feeds"]["assets"]["polls"]
    await ingestor.until(
        "/status", lambda status: status["feeds"]["assets"]["published"] >= polls + 5
    )
    assert ingestor.process.end() == 0

    assert not full["ready"]
    assert waiting > 20
    assert alive == 200
    assert healed["journal"]["lost"] == []
    await _kept_or_named(topics, simulator)


@pytest.mark.full_size
@pytest.mark.parametrize("restarted", [False, True], ids=["running", "restarted"])
async def test_a_disk_without_room_for_names_heals_when_kafka_is_back(
    broker: Broker,
    simulator: Simulator,
    topics: Topics,
    start_ingestor: StartIngestor,
    tmp_path: Path,
    restarted: bool,
) -> None:
    with small_disk(tmp_path / "few", 20, inodes=60) as few:
        settings = {"INGESTOR_STATE_DIR": str(few / "state")}
        ingestor = await start_ingestor(**settings)
        await ingestor.until("/status", _all_is_sent)
        broker.stop()
        try:
            await ingestor.until("/readyz", _refuses, 90)
            waiting = (await ingestor.json("/status"))["journal"]["pending_records"]
            if restarted:
                assert ingestor.process.end() == 0, ingestor.process.text()[-3_000:]
                ingestor = await start_ingestor(**settings)
                await ingestor.until("/readyz", _refuses)
        finally:
            broker.start()
        healed = await ingestor.until("/status", _all_is_sent, 60)
        polls = healed["feeds"]["assets"]["polls"]
        await ingestor.until(
            "/status", lambda status: status["feeds"]["assets"]["published"] >= polls + 5
        )
        assert ingestor.process.end() == 0, ingestor.process.text()[-3_000:]

    assert waiting > 20
    assert healed["journal"]["lost"] == []
    await _kept_or_named(topics, simulator)


async def test_a_topic_that_is_gone_stops_no_other_and_is_named(
    broker: Broker, topics: Topics, start_ingestor: StartIngestor
) -> None:
    ingestor = await start_ingestor()
    await ingestor.until("/status", _all_is_sent)
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([REJECTED])
        gone = await ingestor.until("/readyz", lambda body: not body["ready"], 60)
        before = await ingestor.json("/status")
        after = await ingestor.until(
            "/status",
            lambda status: all(
                status["feeds"][feed]["published"] >= counts["published"] + 3
                for feed, counts in before["feeds"].items()
            ),
        )
    finally:
        await admin.close()
        kafka = KafkaSettings(bootstrap_servers=broker.bootstrap)
        await ensure_topics(kafka, TOPICS.values())
    await ingestor.until("/readyz", lambda body: body["ready"], 60)
    assert ingestor.process.end() == 0

    assert REJECTED in gone["needs"]["kafka"]
    away = {topic for topic, reason in after["topics"].items() if reason is not None}
    assert away == {REJECTED}
