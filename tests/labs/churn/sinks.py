"""Sinks as processes that are killed, frozen, stopped, added and removed by a schedule."""

import asyncio
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local_stack.ports import free_ports
from tests.labs.churn.schedule import Action, Deed

ROOT = Path(__file__).resolve().parents[3]
# The flush deadline is 4 s; what is beyond it is process start and 2 busy cores.
STOP_LIMIT_S = 40.0


class SinkDiedError(Exception):
    """A sink ended that nobody had killed, or did not end as it should."""


@dataclass
class Seat:
    """One sink by name: at most one process at a time, one log over all of its lives."""

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    port: int = 0
    # A deed may take longer than planned (a flush, a busy machine); the next one waits for it.
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def runs(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        assert not self.runs
        (self.port,) = free_ports(1)
        with self.log.open("ab") as stream:
            self.process = subprocess.Popen(
                [sys.executable, *self.command],
                cwd=ROOT,
                env={**self.environ, "S3_SINK_HTTP__PORT": str(self.port)},
                stdout=stream,
                stderr=stream,
            )

    def send(self, number: signal.Signals) -> subprocess.Popen[bytes]:
        """Signal the process. Raises SinkDiedError where it has died by itself."""
        assert self.process is not None
        self.require(self.process.poll(), {None})
        self.process.send_signal(number)
        return self.process

    async def end(self, number: signal.Signals) -> None:
        """SIGKILL or SIGTERM, and wait until it is gone."""
        code = await asyncio.to_thread(self.send(number).wait, STOP_LIMIT_S)
        # Before Python has reached the service's own handler, SIGTERM simply ends it.
        self.require(code, {-number} if number is signal.SIGKILL else {0, -number})

    def require(self, code: int | None, fine: Collection[int | None]) -> None:
        if code not in fine:
            said = self.log.read_text(errors="replace")[-3000:]
            raise SinkDiedError(f"sink {self.name} ended with {code}:\n{said}")

    def is_ready(self) -> bool:
        try:
            url = f"http://127.0.0.1:{self.port}/readyz"
            with urllib.request.urlopen(url, timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@dataclass
class Crew:
    """All sinks of a run. `seat_of` makes the seat of a name."""

    seat_of: Callable[[str], Seat]
    say: Callable[[str], None]
    seats: dict[str, Seat] = field(default_factory=dict)

    def seat(self, name: str) -> Seat:
        if name not in self.seats:
            self.seats[name] = self.seat_of(name)
        return self.seats[name]

    async def play(self, actions: tuple[Action, ...]) -> None:
        """Each action at its time; returns when the last is over."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as tasks:
            for action in actions:
                await asyncio.sleep(began + action.at_s - loop.time())
                self.say(str(action))
                tasks.create_task(self._do(action))

    async def ready(self, timeout_s: float) -> None:
        """Wait until all that are there serve."""
        async with asyncio.timeout(timeout_s):
            for seat in self.seats.values():
                while seat.runs and not await asyncio.to_thread(seat.is_ready):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)

    async def dismiss(self) -> None:
        """Stop all that run, in good order."""
        running = [seat for seat in self.seats.values() if seat.runs]
        await asyncio.gather(*(seat.end(signal.SIGTERM) for seat in running))

    def kill(self) -> None:
        """Leave no process behind, whatever happened."""
        for seat in self.seats.values():
            if seat.runs and seat.process is not None:
                seat.process.kill()
                seat.process.wait()

    def told(self, event: str) -> int:
        """How often an event was logged, by all sinks in all of their lives."""
        logs = [seat.log.read_text(errors="replace") for seat in self.seats.values()]
        return sum(log.count(f'"{event}"') for log in logs)

    async def _do(self, action: Action) -> None:
        seat = self.seat(action.sink)
        async with seat.turn:
            match action.deed:
                case Deed.ADD:
                    seat.start()
                case Deed.KILL | Deed.STOP:
                    hard = action.deed is Deed.KILL
                    await seat.end(signal.SIGKILL if hard else signal.SIGTERM)
                    await asyncio.sleep(action.hold_s)
                    seat.start()
                case Deed.BLINK | Deed.FREEZE:
                    seat.send(signal.SIGSTOP)
                    await asyncio.sleep(action.hold_s)
                    seat.send(signal.SIGCONT)
                case Deed.REMOVE:
                    await seat.end(signal.SIGTERM)
