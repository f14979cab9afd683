"""Announcements that are lost, repeated and out of order: F40."""

import asyncio
import random

import pytest

from coinlake.contracts.announcements import Landed
from coinlake.contracts.hours import Hour
from coinlake.contracts.topics import LANDED
from coinlake.kafka import open_producer
from coinlake.settings import KafkaSettings
from tests.faults.etl_runner.conftest import Fault, Worlds
from tests.integration.etl_runner.conftest import BUCKET, Runner
from tests.labs.runners.world import FEED, Kafka, World, answer

NAMES = ("14", "15", "16", "17")
TOPIC = f"coincap.{FEED}.v1"
SEED = 40


def _landed(world: World, hour: Hour, number: int) -> Landed:
    """Store an object of an hour; what the sink would announce."""
    key = world.lake.land(FEED, hour, [answer(f"1.{number}", hour)])
    found = world.lake.s3.head_object(Bucket=BUCKET, Key=key)
    return Landed(
        key=key,
        etag=found["ETag"].strip('"'),
        size=found["ContentLength"],
        topic=TOPIC,
        dt=hour.dt,
        hour=hour.hour,
        epoch=0,
        partition=0,
        link=number,
        next_offset=number + 1,
        values=1,
        complete_to_ms=None,
    )


def _disturbed(hints: list[Landed], rng: random.Random) -> list[Landed]:
    """Half of them are lost, half of the others come twice, and all are out of order."""
    left = [hint for hint in hints if rng.random() < 0.5]
    left += [hint for hint in left if rng.random() < 0.5]
    rng.shuffle(left)
    return left


async def _send(kafka: Kafka, hints: list[Landed]) -> None:
    async with open_producer(KafkaSettings(bootstrap_servers=kafka.bootstrap), "test") as one:
        for hint in hints:
            await one.send(LANDED, key=None, value=hint.encode())


@pytest.mark.full_size
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("is_defended", [True, False], ids=["defended", "control"])
def test_f40_whatever_becomes_of_hints_each_object_is_in_its_hour_once(
    worlds: Worlds, kafka: Kafka, fault: Fault, is_defended: bool
) -> None:
    """Drop 50 %, duplicate 50 %, shuffle events. Oracle: manifests: each raw key in exactly one batch.
    **Control**: no listing."""
    names = NAMES if is_defended else ("18", "19")
    world = worlds({name: [0, 2, 4] for name in names})
    hours = list(world.hours)

    with (
        world.read() as seen,
        world.runner(without=None if is_defended else "listing") as runner,
    ):
        runner.until(lambda: _is_ready(runner), 60)
        hints = [_landed(world, hour, number) for hour in hours for number in range(2)]
        sent = _disturbed(hints, random.Random(SEED))
        # All of one hour's are lost: nobody but the listing tells of it.
        sent = [hint for hint in sent if hint.hour != names[-1]]
        assert sent
        asyncio.run(_send(kafka, sent))
        heard = [hour for hour in hours if hour.hour in {hint.hour for hint in sent}]
        wanted = hours if is_defended else heard
        runner.until(lambda: all(_is_whole(world, hour) for hour in wanted), 600)
        found = world.now()
        runner.end()

    if not is_defended:
        assert found[hours[-1]].versions == []
        return
    for hour in hours:
        mine = [hint.key for hint in hints if hint.hour == hour.hour]
        assert sorted(found[hour].inputs) == sorted(mine)
        assert found[hour].versions == list(range(1, len(found[hour].versions) + 1))
        assert len(found[hour].rows[FEED]) == 4
    assert world.partial(seen) == []
    fault(
        "F40", f"{len(sent)} hints of {len(hints)} objects, some twice: each once in its hour"
    )


def _is_whole(world: World, hour: Hour) -> bool:
    entries = world.lake.ledger(FEED, hour)
    return bool(entries) and len(entries[-1].inputs) == 2


def _is_ready(runner: Runner) -> bool:
    """Whether it listens to Kafka; what it lacks is in /readyz."""
    try:
        runner.get("/readyz")
    except OSError:
        return False
    return True
