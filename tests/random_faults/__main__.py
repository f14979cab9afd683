"""`python -m tests.random_faults`: two faults at a time for ten minutes, then everything is counted.

0 where every answer that was journalled is in raw once, or named as lost with its reason, and no
room was ready while one of its topics stood still.
"""

import argparse
import asyncio
import logging
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coinlake.contracts.headers import POLL_ID
from coinlake.contracts.topics import TOPICS as CONTRACT
from coinlake.settings import KafkaSettings
from coinlake.topics import ensure_topics
from tests import raw_reader
from tests.labs.churn import judge, load, store
from tests.labs.cluster.brokers import own_broker
from tests.odd_answers import Plan, odd_proxy
from tests.random_faults import told
from tests.random_faults.faults import GROUPS
from tests.random_faults.room import FED, SIDE, TOPICS, Room, room
from tests.random_faults.watch import Watch

_HEAL_S = 180.0


@dataclass
class Done:
    """What came of a run."""

    faults: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    figures: dict[str, int] = field(default_factory=dict)


async def hand(
    rooms: Room,
    rng: random.Random,
    ends_s: float,
    busy: set[str],
    done: Done,
    say: Callable[[str], None],
) -> None:
    """Does one fault after the other, of a group that no other hand is at."""
    while time.monotonic() < ends_s:
        group = rng.choice([name for name in GROUPS if name not in busy])
        fault, seconds = rng.choice(GROUPS[group]), rng.uniform(1.5, 12.0)
        busy.add(group)
        say(f"{fault.__name__} for {seconds:.1f} s")
        try:
            await fault(rooms, rng, seconds)
        finally:
            busy.discard(group)
        done.faults[fault.__name__] += 1
        await asyncio.sleep(rng.uniform(0.2, 2.0))


async def play(seed: int, seconds: float, folder: Path, say: Callable[[str], None]) -> Done:
    """One run in an empty folder."""
    done, plan = Done(), Plan()
    with (
        own_broker(folder / "broker", folder / "broker.log") as broker,
        store.open_store(folder / "s3", "lake") as endpoint,
        odd_proxy(_address(endpoint), plan) as proxy,
    ):
        await ensure_topics(
            KafkaSettings(bootstrap_servers=broker.bootstrap), CONTRACT.values()
        )
        await load.create_topic(broker.bootstrap, SIDE, 1)
        environ = {**store.environment(endpoint), "COINLAKE_BUCKET": "lake"}
        rooms = room(folder, broker, proxy, plan, environ)
        try:
            await _storm(rooms, seed, seconds, done, say)
            await _healed(rooms, done, say)
            await _counted(rooms, done)
        finally:
            rooms.end()
    return done


async def _storm(
    rooms: Room, seed: int, seconds: float, done: Done, say: Callable[[str], None]
) -> None:
    for one in (rooms.simulator, rooms.ingestor, rooms.sink):
        one.start()
    await _until(lambda: rooms.sink.get("/readyz")[0] == 200, 120, "the sink is not ready")
    watch, busy = Watch(rooms), set[str]()
    ends_s = time.monotonic() + seconds
    watching = asyncio.create_task(watch.follow())
    restarting = asyncio.create_task(_restart(rooms))
    try:
        async with asyncio.TaskGroup() as tasks:
            for number in range(2):
                rng = random.Random(f"{seed}-{number}")
                tasks.create_task(hand(rooms, rng, ends_s, busy, done, say))
    finally:
        for task in (watching, restarting):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    done.wrong += watch.violations


async def _restart(rooms: Room) -> None:
    """As systemd does; a process that ends by itself is counted all the same."""
    while True:
        await asyncio.sleep(1)
        rooms.ingestor.look()
        rooms.sink.look()


async def _healed(rooms: Room, done: Done, say: Callable[[str], None]) -> None:
    """All faults are over: what waits must be sent and stored by itself."""
    say("healed")
    rooms.odd.due.clear()
    rooms.odd.always = None
    await _until(lambda: _pending(rooms) == 0, _HEAL_S, "the journal is not sent", done)
    rooms.simulator.kill()  # nothing new from now on
    await _until(lambda: _pending(rooms) == 0, _HEAL_S, "the journal's rest is not sent", done)
    for topic in FED:
        code, text = await judge.audited(rooms.environ, topic, _HEAL_S)
        if code != 0:
            done.wrong.append(f"the audit of {topic} differs: {text.strip()[-300:]}")
    for name, one in (("ingestor", rooms.ingestor), ("sink", rooms.sink)):
        done.wrong += [f"{name} ended by itself with {code}" for code in one.ended]


async def _counted(rooms: Room, done: Done) -> None:
    """Raw is what Kafka has, and has every answer that was journalled."""
    _, status = rooms.ingestor.get("/status")
    aside = [one["name"] for one in status["journal"]["aside"]] if status else []
    polls: Counter[bytes] = Counter()
    for topic in TOPICS:
        raw, objects = judge.in_raw(rooms.environ, topic)
        kafka = await load.in_kafka(rooms.broker.bootstrap, topic, 1)
        if topic != SIDE and raw - kafka:
            done.wrong.append(f"{topic}: raw has {(raw - kafka).total()} that Kafka has not")
        done.figures[f"{topic} objects"] = objects
        for _, body in judge.objects_of(rooms.environ, f"raw/{topic}/"):
            polls.update(_polls(body))
    missing = rooms.journalled - set(polls)
    done.figures |= {
        "answers in raw": len(polls),
        "answers twice (sent again after a lost reply)": sum(n > 1 for n in polls.values()),
        "journalled answers that were noted": len(rooms.journalled),
        "of them not in raw": len(missing),
        "files that /status lists as put aside": len(aside),
    }
    done.wrong += told.untold(missing, rooms.damaged, aside, told.reasons(rooms.ingestor.log))


def _polls(body: bytes) -> list[bytes]:
    rows = raw_reader.read(body).rows
    return [value for row in rows for name, value in row.headers if name == POLL_ID and value]


def _pending(rooms: Room) -> int:
    rooms.ingestor.look()
    rooms.sink.look()
    _, status = rooms.ingestor.get("/status")
    return -1 if status is None else int(status["journal"]["pending_records"])


async def _until(
    holds: Callable[[], bool], limit_s: float, what: str, done: Done | None = None
) -> None:
    ends_s = time.monotonic() + limit_s
    while not await asyncio.to_thread(holds):
        if time.monotonic() > ends_s:
            if done is None:
                raise TimeoutError(what)
            done.wrong.append(f"{what} within {limit_s:.0f} s")
            return
        await asyncio.sleep(0.5)


def _address(endpoint: str) -> tuple[str, int]:
    host, _, port = endpoint.removeprefix("http://").rpartition(":")
    return host, int(port)


def main() -> int:
    """0 where nothing is wrong."""
    # The clients of this process meet the faults too; what they say of them is no news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    parser = argparse.ArgumentParser(prog="python -m tests.random_faults", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="an empty folder for logs and data")
    wanted = parser.parse_args()
    began = time.monotonic()

    def say(text: str) -> None:
        sys.stdout.write(f"{time.monotonic() - began:7.1f} {text}\n")
        sys.stdout.flush()

    with tempfile.TemporaryDirectory(prefix="random-faults-") as folder:
        done: Any = asyncio.run(
            play(wanted.seed, wanted.seconds, wanted.keep or Path(folder), say)
        )
    for name, number in (*done.faults.items(), *done.figures.items()):
        say(f"{number:7} {name}")
    for one in done.wrong:
        say(f"WRONG {one}")
    say(f"seed {wanted.seed}: {done.faults.total()} faults, {len(done.wrong)} wrong")
    return 1 if done.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
