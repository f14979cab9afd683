"""Hints to the runner: sent in the background, and a lost one is counted, never waited for."""

import asyncio

from prometheus_client import CollectorRegistry

from coinlake.contracts.announcements import Landed
from coinlake.testing import FakeProducer
from s3_sink.adapters import announcer
from s3_sink.adapters.announcer import Announcer
from s3_sink.metrics import SinkMetrics

HINT = Landed(
    "raw/key", "etag", 10, "coincap.assets.v1", "2026-11-29", "12", 1, 0, 5, 7, 2, None
)


def _lost(metrics: SinkMetrics) -> float:
    return float(metrics.announcements_failed._value.get())


async def test_a_hint_that_kafka_does_not_take_is_counted_and_the_next_one_goes() -> None:
    metrics = SinkMetrics(CollectorRegistry())
    producer = FakeProducer(down=True)
    telling = Announcer(producer, metrics)
    running = asyncio.create_task(telling.run())

    telling.announce(HINT)
    await telling.drained()
    producer.down = False
    telling.announce(HINT)
    await telling.drained()
    running.cancel()

    assert _lost(metrics) == 1
    assert [record.key for record in producer.sent] == [b"raw/key"]


async def test_while_kafka_is_away_hints_are_dropped_rather_than_piled_up() -> None:
    metrics = SinkMetrics(CollectorRegistry())
    telling = Announcer(FakeProducer(), metrics)

    for _ in range(announcer._WAITING + 3):
        telling.announce(HINT)

    assert _lost(metrics) == 3
