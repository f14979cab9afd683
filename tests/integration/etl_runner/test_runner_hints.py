"""Over a real broker: an announcement is heard at once, and the published hour is announced."""

import json
from pathlib import Path

from coinlake.contracts.announcements import Landed, parse_published
from coinlake.contracts.hours import Hour
from coinlake.contracts.topics import LANDED, PUBLISHED, TOPICS
from coinlake.kafka import TailRecord, open_producer, open_tail
from coinlake.settings import KafkaSettings
from coinlake.topics import ensure_topics
from local_stack.broker import start_broker
from tests.integration.etl_runner.conftest import Lake, Runner, Start, until

HOUR = Hour("2026-11-20", "15")
TOPIC = "coincap.rates.v1"


def body() -> bytes:
    data = [{"id": "euro", "symbol": "EUR", "rateUsd": "1.5"}]
    return json.dumps({"data": data, "timestamp": HOUR.start_ms}).encode()


async def test_a_hint_alone_brings_an_object_into_sql_and_the_hour_is_announced(
    lake: Lake, start_runner: Start, tmp_path: Path
) -> None:
    with start_broker(tmp_path / "broker") as broker:
        kafka = KafkaSettings(bootstrap_servers=broker.bootstrap)
        await ensure_topics(kafka, [TOPICS[LANDED], TOPICS[PUBLISHED]])
        runner = start_runner(
            KAFKA_BOOTSTRAP_SERVERS=broker.bootstrap, ETL_RUNNER_RECONCILE_S="3600"
        )
        until(lambda: not failing(runner))
        async with (
            open_tail(kafka, [PUBLISHED], "test") as tail,
            open_producer(kafka, "test") as producer,
        ):
            key = lake.land("rates", HOUR, [body()])
            listed = lake.s3.head_object(Bucket="coinlake", Key=key)
            landed = Landed(
                key=key,
                etag=listed["ETag"].strip('"'),
                size=listed["ContentLength"],
                topic=TOPIC,
                dt=HOUR.dt,
                hour=HOUR.hour,
                epoch=0,
                partition=0,
                link=0,
                next_offset=1,
                values=1,
                complete_to_ms=HOUR.end_ms,
            )
            await producer.send(LANDED, key=None, value=b"no announcement")
            await producer.send(LANDED, key=None, value=landed.encode())
            said: list[TailRecord] = []
            while not said:
                said = await tail.poll(1.0)

        published = parse_published(said[0].value or b"")
        assert (published.feed, published.hour, published.version) == ("rates", HOUR.hour, 1)
        assert published.rows == {"rates": 1, "rates_quarantine": 0}
        assert lake.ledger("rates", HOUR)[0].closed_by == "heartbeat"
        assert runner.get("/status")["watermarks"]["rates"] == HOUR.end_ms
        runner.process.terminate()
        assert runner.process.wait(10) == 0


def failing(runner: Runner) -> bool:
    """Whether the runner is not ready; the reasons are in /readyz."""
    try:
        runner.get("/readyz")
    except OSError:
        return True
    return False
