"""A Kafka fault proxy: it knows where a request starts and what it asks, and nothing more."""

import asyncio
import random
import struct
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from local_stack.broker import BrokerSpec

PRODUCE, OFFSET_COMMIT, JOIN, HEARTBEAT, LEAVE, SYNC = 0, 8, 11, 12, 13, 14
COORDINATION = frozenset({OFFSET_COMMIT, JOIN, HEARTBEAT, LEAVE, SYNC})


@dataclass
class KafkaFaults:
    """What the proxy does to requests, by the key of their API."""

    swallow: frozenset[int] = frozenset()
    """One way only: these requests never arrive, everything else goes on."""
    cut_after: int | None = None
    """The next request of this kind arrives, its answer does not, the connection is cut, and
    from then on requests of this kind are swallowed."""
    garble: dict[int, list[str]] = field(default_factory=dict)
    """What comes in place of the next answers to requests of a kind, in their order: `empty`, `cut`
    (in the middle) or `noise` (random bytes), each behind the right correlation id."""
    holds: Callable[[int, Literal["before", "after"]], bool] | None = None
    """Asked on both sides of each request, in a thread of its own: whether it goes on."""
    swallowed: int = 0
    cuts: int = 0
    seen: Counter[int] = field(default_factory=Counter)
    rng: random.Random = field(default_factory=lambda: random.Random(20261128))


@dataclass(frozen=True, slots=True)
class ProxiedSpec(BrokerSpec):
    """A broker with a second door, whose advertised address is the proxy's."""

    door: int
    proxy: int
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def proxied(self) -> str:
        """The bootstrap address of those who go through the proxy."""
        return f"127.0.0.1:{self.proxy}"

    def properties(self) -> dict[str, str]:
        usual = BrokerSpec.properties(self)
        return {
            **usual,
            "listeners": f"{usual['listeners']},PROXIED://127.0.0.1:{self.door}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap},PROXIED://{self.proxied}",
            "listener.security.protocol.map": (
                "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,PROXIED:PLAINTEXT"
            ),
            "inter.broker.listener.name": "PLAINTEXT",
            **dict(self.extra),
        }


@contextmanager
def open_kafka_proxy(spec: ProxiedSpec, faults: KafkaFaults) -> Iterator[None]:
    """The proxy of a broker, in a thread with a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(
            lambda reader, writer: _serve(reader, writer, spec.door, faults),
            "127.0.0.1",
            spec.proxy,
        )

    async def stop(server: asyncio.Server) -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(stop(server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass
class _Link:
    """One client's connection. Answers come in the order of requests, so one can be withheld."""

    is_cut: bool = False
    asked: deque[int] = field(default_factory=deque)


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, door: int, faults: KafkaFaults
) -> None:
    link = _Link()
    try:
        broker_reader, broker_writer = await asyncio.open_connection("127.0.0.1", door)
    except OSError:
        writer.close()
        return
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_requests(reader, broker_writer, faults, link))
            tasks.create_task(_answers(broker_reader, writer, faults, link))
    except* (OSError, asyncio.IncompleteReadError):
        pass  # one side has gone, so the other goes
    finally:
        for one in (writer, broker_writer):
            one.close()
            with suppress(OSError):
                await one.wait_closed()


async def _requests(
    reader: asyncio.StreamReader, broker: asyncio.StreamWriter, faults: KafkaFaults, link: _Link
) -> None:
    while True:
        head = await reader.readexactly(4)
        body = await reader.readexactly(struct.unpack(">i", head)[0])
        (api,) = struct.unpack_from(">h", body)
        faults.seen[api] += 1
        if api in faults.swallow:
            faults.swallowed += 1
            continue
        if api == faults.cut_after:
            faults.cut_after = None
            faults.swallow = faults.swallow | {api}
            faults.cuts += 1
            link.is_cut = True
        if not await _goes_on(faults, api, "before"):
            raise ConnectionResetError("the request is lost")
        link.asked.append(api)
        broker.write(head + body)
        await broker.drain()


async def _answers(
    broker: asyncio.StreamReader, writer: asyncio.StreamWriter, faults: KafkaFaults, link: _Link
) -> None:
    while True:
        head = await broker.readexactly(4)
        body = await broker.readexactly(struct.unpack(">i", head)[0])
        if link.is_cut:
            raise ConnectionResetError("the answer is lost")
        api = link.asked.popleft()
        if not await _goes_on(faults, api, "after"):
            raise ConnectionResetError("the answer is lost")
        kinds = faults.garble.get(api)
        if kinds:
            body = _garbled(kinds.pop(0), body, faults.rng)
        writer.write(struct.pack(">i", len(body)) + body)
        await writer.drain()


async def _goes_on(faults: KafkaFaults, api: int, side: Literal["before", "after"]) -> bool:
    return faults.holds is None or await asyncio.to_thread(faults.holds, api, side)


def _garbled(kind: str, body: bytes, rng: random.Random) -> bytes:
    """An answer that makes no sense; the first four bytes are its correlation id."""
    rest = body[4:]
    made = {"empty": b"", "cut": rest[: len(rest) // 2], "noise": rng.randbytes(len(rest))}
    return body[:4] + made[kind]
