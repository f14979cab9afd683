"""What is done to the room: each fault has a begin, and an end some seconds later."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from local_stack import processes
from tests.odd_answers import ODD
from tests.random_faults.room import SIDE, Room, poll_of

# A page of the right length, with an ETag and a date, is an object to whoever has no more to go by.
_NO_ANSWERS = sorted(name for name in ODD if "static" not in name)
_CALLS = [
    f"{verb} {room}" for verb in ("PUT", "HEAD", "GET", "LIST") for room in ("raw", "chain")
]
Lasting = Callable[[Room, random.Random, float], Awaitable[None]]


async def ingestor_killed(room: Room, rng: random.Random, seconds: float) -> None:
    """SIGKILL; what is in its journal then must come to raw."""
    room.ingestor.kill()
    room.note_journal()
    await asyncio.sleep(seconds / 3)
    room.ingestor.start()


async def ingestor_frozen(room: Room, rng: random.Random, seconds: float) -> None:
    room.ingestor.send(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    room.ingestor.send(signal.SIGCONT)


async def journal_bit(room: Room, rng: random.Random, seconds: float) -> None:
    """One bit of one waiting answer, while the ingestor is down: that answer may be lost, told."""
    room.ingestor.kill()
    room.note_journal()
    if paths := [one for one in room.waiting() if one.stat().st_size]:
        path = rng.choice(paths)
        if (poll := poll_of(path)) is not None:
            room.damaged[poll] = path.name
        data = bytearray(path.read_bytes())
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
    room.ingestor.start()
    await asyncio.sleep(seconds / 3)


async def broker_frozen(room: Room, rng: random.Random, seconds: float) -> None:
    assert room.broker.process is not None
    processes.send(room.broker.process, signal.SIGSTOP)
    await asyncio.sleep(seconds)
    processes.send(room.broker.process, signal.SIGCONT)


async def broker_killed(room: Room, rng: random.Random, seconds: float) -> None:
    await asyncio.to_thread(room.broker.kill)
    await asyncio.sleep(seconds / 2)
    await asyncio.to_thread(room.broker.start, 120.0)


async def sink_killed(room: Room, rng: random.Random, seconds: float) -> None:
    room.sink.kill()
    await asyncio.sleep(seconds / 3)
    room.sink.start()


async def sink_frozen(room: Room, rng: random.Random, seconds: float) -> None:
    """Longer than its session, now and then."""
    room.sink.send(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    room.sink.send(signal.SIGCONT)


async def store_odd(room: Room, rng: random.Random, seconds: float) -> None:
    """Answers of the store that are none of S3's: some calls' next ones, or all for a while."""
    if rng.random() < 0.3:
        room.odd.always = rng.choice(_NO_ANSWERS)
        await asyncio.sleep(seconds)
        room.odd.always = None
        return
    for call in rng.sample(_CALLS, 3):
        names = [rng.choice(_NO_ANSWERS) for _ in range(rng.randint(1, 4))]
        room.odd.due.setdefault(call, []).extend(names)
    await asyncio.sleep(seconds)


async def api_killed(room: Room, rng: random.Random, seconds: float) -> None:
    room.simulator.kill()
    await asyncio.sleep(seconds / 2)
    room.simulator.start()


async def topic_away(room: Room, rng: random.Random, seconds: float) -> None:
    """A topic that the sink is told to copy too is deleted, and made anew."""
    await _administered(room, lambda admin: admin.delete_topics([SIDE]))
    await asyncio.sleep(seconds)
    await _administered(room, lambda admin: admin.create_topics([NewTopic(SIDE, 1, 1)]))


async def _administered(
    room: Room, act: Callable[[AIOKafkaAdminClient], Awaitable[object]]
) -> None:
    """Where the broker is away just now nothing is done: another fault is at work."""
    with suppress(KafkaError, OSError, TimeoutError):
        async with asyncio.timeout(20):
            while not await _is_done(room, act):  # noqa: ASYNC110 - Kafka wakes nobody
                await asyncio.sleep(0.5)


async def _is_done(room: Room, act: Callable[[AIOKafkaAdminClient], Awaitable[object]]) -> bool:
    """False where a broker that has just started names no controller yet."""
    admin = AIOKafkaAdminClient(
        bootstrap_servers=room.broker.bootstrap, request_timeout_ms=5000
    )
    try:
        await admin.start()
        await act(admin)
    except AttributeError as error:
        # aiokafka 0.14 asks the controller that it does not know (admin/client.py).
        if error.name != "nodeId":
            raise
        return False
    finally:
        await admin.close()
    return True


# No two of one group at a time: they would wait for each other's end.
GROUPS: dict[str, tuple[Lasting, ...]] = {
    "ingestor": (ingestor_killed, ingestor_frozen, journal_bit),
    "broker": (broker_frozen, broker_killed),
    "sink": (sink_killed, sink_frozen),
    "store": (store_odd,),
    "api": (api_killed,),
    "topic": (topic_away,),
}
