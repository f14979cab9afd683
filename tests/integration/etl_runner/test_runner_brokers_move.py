"""The tail follows a broker to another address, behind a bootstrap address that stays good."""

import asyncio
import json
import time
import urllib.error
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer

from coinlake import kafka
from coinlake.contracts.topics import LANDED, PUBLISHED, TOPICS
from coinlake.kafka import open_producer, open_tail
from coinlake.settings import KafkaSettings
from coinlake.topics import ensure_topics
from tests.integration.etl_runner.conftest import Runner, Start, until
from tests.labs.cluster.moving import MovingBroker, moving_broker

pytestmark = pytest.mark.timeout(240)

WITHIN_S = 30.0


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[MovingBroker]:
    with moving_broker(tmp_path / "broker") as moving:
        yield moving


async def _send(settings: KafkaSettings, value: bytes) -> None:
    async with open_producer(settings, "test") as producer:
        await producer.send(LANDED, key=None, value=value)


@pytest.mark.full_size
@pytest.mark.parametrize("is_defended", [True, False], ids=["defended", "control"])
@pytest.mark.parametrize("is_silent", [False, True], ids=["refuses", "silent"])
async def test_a_tail_reads_on_where_it_was_once_its_broker_has_moved(
    moving: MovingBroker, monkeypatch: pytest.MonkeyPatch, is_silent: bool, is_defended: bool
) -> None:
    if not is_defended:
        monkeypatch.setattr(kafka, "rebootstrapping", lambda owner: owner)
    settings = KafkaSettings(bootstrap_servers=moving.bootstrap)
    await ensure_topics(settings, [TOPICS[LANDED]])

    async with open_tail(settings, [LANDED], "test") as tail:
        await _send(settings, b"1")
        read = [record.value for record in await tail.poll(5.0)]
        await asyncio.to_thread(moving.move, is_silent=is_silent)
        await _send(settings, b"2")
        deadline_s = time.monotonic() + WITHIN_S
        while len(read) < 2 and time.monotonic() < deadline_s:
            read += [record.value for record in await tail.poll(0.5)]

    assert read == ([b"1", b"2"] if is_defended else [b"1"])


@pytest.mark.full_size(but="defended")
@pytest.mark.parametrize("is_defended", [True, False], ids=["defended", "control"])
async def test_a_tail_whose_broker_is_away_ends_whole(
    moving: MovingBroker, monkeypatch: pytest.MonkeyPatch, is_defended: bool
) -> None:
    """It is the end of the service too: what leaves here unasked hides why the service ended."""
    if not is_defended:
        monkeypatch.setattr(kafka, "Consumer", AIOKafkaConsumer)
    settings = KafkaSettings(bootstrap_servers=moving.bootstrap)
    await ensure_topics(settings, [TOPICS[LANDED]])
    ended: BaseException | None = None

    try:
        async with open_tail(settings, [LANDED], "test") as tail:
            consumer = tail._consumer  # type: ignore[attr-defined]
            await tail.poll(0.5)
            await asyncio.to_thread(moving.stop)
            await tail.poll(2.0)
    except asyncio.CancelledError as error:
        ended = error
    left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    await consumer._client.close()

    assert (ended is None, left == []) == (is_defended, is_defended)


@pytest.mark.full_size
async def test_the_runner_hears_hints_again_and_was_not_ready_meanwhile(
    moving: MovingBroker, start_runner: Start
) -> None:
    settings = KafkaSettings(bootstrap_servers=moving.bootstrap)
    await ensure_topics(settings, [TOPICS[LANDED], TOPICS[PUBLISHED]])
    runner = start_runner(
        KAFKA_BOOTSTRAP_SERVERS=moving.bootstrap, ETL_RUNNER_RECONCILE_S="3600"
    )
    until(lambda: _needs(runner)["kafka"] == "ok", 60)

    await asyncio.to_thread(moving.stop)
    until(lambda: "no broker has answered" in _needs(runner)["kafka"], 60)
    alive = runner.get("/healthz")["alive"]
    await asyncio.to_thread(moving.move)
    await _send(settings, b"no announcement")
    until(lambda: "hint_unreadable" in runner.log.read_text(), WITHIN_S)
    until(lambda: _needs(runner)["kafka"] == "ok", WITHIN_S)

    assert alive
    assert "brokers_learned_anew" in runner.log.read_text()


def _needs(runner: Runner) -> dict[str, str]:
    try:
        body = runner.get("/readyz")
    except urllib.error.HTTPError as error:
        with error:
            body = json.loads(error.read())
    return dict(body["needs"])
