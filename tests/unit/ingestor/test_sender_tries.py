"""A broker that is away: it is said once, tried again soon, and what is left is named."""

import asyncio
from typing import Any

import structlog

from coinlake.backoff import Backoff
from coinlake.lifecycle import Pulse
from coinlake.testing import FakeProducer
from ingestor.loop.gating import RetryDelay
from tests.unit.ingestor.bench import PAGE, TICK, Bench, FakeApi


class Away(FakeProducer):
    """A broker that is away for some tries, and says when it has an answer."""

    def __init__(self, tries: int) -> None:
        super().__init__()
        self._tries = tries
        self.has_answer = asyncio.Event()

    async def send(self, topic: str, *, value: bytes | None, **more: Any) -> int:
        self._tries -= 1
        self.down = self._tries >= 0
        offset = await super().send(topic, value=value, **more)
        if value is not None:
            self.has_answer.set()
        return offset


async def test_a_broker_that_comes_back_has_the_answer_as_soon_as_it_is_tried_again(
    bench: Bench,
) -> None:
    bench.retry_delay = RetryDelay(Backoff(base_s=0.01, cap_s=0.01))
    producer = Away(tries=6)
    await bench.attempt(FakeApi(bench.good())).ask(PAGE, TICK)
    sender, quiet = bench.sender(producer), asyncio.Event()

    with structlog.testing.capture_logs() as said:
        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            tasks.create_task(sender.run(quiet, [Pulse(60) for _ in sender.topics], 5))
            await producer.has_answer.wait()
            quiet.set()

    away = [line["topic"] for line in said if line["event"] == "kafka_away"]
    assert sorted(away) == sorted(one.topic for one in sender.topics)
    assert not [line for line in said if line["event"] == "records_left_in_journal"]


async def test_what_could_not_be_sent_at_the_end_is_named(bench: Bench) -> None:
    await bench.attempt(FakeApi(bench.good())).ask(PAGE, TICK)

    with structlog.testing.capture_logs() as said:
        await bench.sent_by(bench.sender(FakeProducer(down=True)))

    left = [line["records"] for line in said if line["event"] == "records_left_in_journal"]
    assert left == [1]
