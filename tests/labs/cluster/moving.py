"""A broker that moves: restarted at another address behind a bootstrap address that stays good."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from local_stack import jars
from local_stack.broker import Broker, BrokerSpec
from local_stack.java import find_java
from local_stack.paths import Paths
from local_stack.ports import HOST, free_ports


@dataclass(frozen=True, slots=True)
class Advertised(BrokerSpec):
    """A broker that sends its clients to `advertised`, where it may listen or not."""

    advertised: int

    def properties(self) -> dict[str, str]:
        usual = BrokerSpec.properties(self)
        return {**usual, "advertised.listeners": f"PLAINTEXT://{HOST}:{self.advertised}"}


@dataclass(slots=True)
class MovingBroker:
    """One broker, its data, and the door in front of it."""

    broker: Broker
    door: int
    open_: ExitStack
    old: list[int] = field(default_factory=list)

    @property
    def bootstrap(self) -> str:
        """The address that stays good: each new connection is led to where the broker is now."""
        return f"{HOST}:{self.door}"

    @property
    def port(self) -> int:
        return self.broker.spec.port

    def move(self, *, is_silent: bool = False) -> None:
        """Stop it, and start it on its data at another port.

        With `is_silent` somebody takes connections at the old address and never says a word.
        """
        self.stop()
        if is_silent:
            self.open_.enter_context(_silent_listener(self.old[-1]))
        (port,) = free_ports(1)
        self.start(replace(self.broker.spec, port=port))

    def stop(self) -> None:
        self.old.append(self.port)
        self.broker.stop()

    def start(self, spec: BrokerSpec | None = None) -> None:
        """Start it where a spec says, or where it was."""
        self.broker = Broker(spec or self.broker.spec, self.broker.log)
        self.broker.start()


@contextmanager
def moving_broker(folder: Path) -> Iterator[MovingBroker]:
    """A broker that can move, for the length of a block."""
    jars_dir = jars.fetch(Paths(), jars.KAFKA, lambda _: None)
    port, controller, door = free_ports(3)
    spec = BrokerSpec(jars_dir, find_java().home, folder, port, controller)
    with ExitStack() as open_:
        moving = MovingBroker(Broker(spec, folder / "broker.log"), door, open_)
        open_.callback(lambda: moving.broker.stop())
        moving.broker.start()
        open_.enter_context(_door(door, lambda: moving.port))
        yield moving


@contextmanager
def _silent_listener(port: int) -> Iterator[None]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(100)
        yield


@contextmanager
def _door(door: int, target: Callable[[], int]) -> Iterator[None]:
    """Lead each connection on to the port that `target` tells, in a thread with its own loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection(HOST, target())
        except OSError:
            writer.close()
            return
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass_on(reader, inner_writer))
                both.create_task(_pass_on(inner_reader, writer))
        except* OSError:
            pass  # one side has gone, so the other goes
        finally:
            writer.close()
            inner_writer.close()

    async def start() -> asyncio.Server:
        return await asyncio.start_server(lead, HOST, door)

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


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    raise ConnectionResetError("this side has gone")
