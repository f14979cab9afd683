"""A broker that judges stamps, and a bench whose clock was wrong."""

from typing import Any

import orjson

from coinlake.errors import TransientError
from coinlake.testing import FakeProducer
from ingestor.core.ports import ApiAnswer
from ingestor.core.watermark import FloorClock
from tests.unit.ingestor.bench import PAGE, TICK, Bench, FakeApi
from tests.unit.ingestor.times import HOUR, START_MS

DAY = 24 * HOUR


class InvalidTimestampError(Exception):
    """As aiokafka calls it."""


class BrokerInTime(FakeProducer):
    """Refuses what is more than an hour ahead of the true time, as Kafka does from 3.6 on."""

    def __init__(self, bench: Bench) -> None:
        super().__init__()
        self._bench = bench
        self.ahead_ms = 0
        self.loses_acks = False

    async def send(self, topic: str, *, timestamp_ms: int | None = None, **more: Any) -> int:
        true_ms = START_MS + self._bench.times.steady - 5_000
        if timestamp_ms is not None and timestamp_ms > true_ms + HOUR:
            raise TransientError("refused") from InvalidTimestampError("too early")
        offset = await super().send(topic, timestamp_ms=timestamp_ms, **more)
        if self.loses_acks:
            raise TransientError("no ack")
        return offset


def dated(bench: Bench, off_ms: int = 0) -> ApiAnswer:
    """A good answer of an API whose clock is right, or off."""
    true_ms = START_MS + bench.times.steady - 5_000 + off_ms
    body = {"timestamp": true_ms, "data": [{"id": "bitcoin"}]}
    return ApiAnswer(200, orjson.dumps(body), None, true_ms // 1_000 * 1_000)


async def stamped(bench: Bench, ahead_ms: int) -> None:
    """An answer and a promise of a process whose clock was ahead and nobody contradicted it."""
    bench.times.step(ahead_ms)
    bench.clock = bench.times.clock()
    bench.times.advance(1)
    bench.stamps.clock = FloorClock(bench.clock)
    api = FakeApi(
        ApiAnswer(200, b'{"data":[{"id":"x"}],"timestamp":%d}' % bench.wall_ms(), None)
    )
    await bench.attempt(api).ask(PAGE, TICK)


async def put_right(bench: Bench, ahead_ms: int) -> None:
    bench.times.step(-ahead_ms)
    bench.clock()  # it jumped
    bench.times.advance(1)
    bench.clock()  # and nobody contradicts
