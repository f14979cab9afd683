"""Every client asks for the same rows: seconds, CPU and memory of each, asked once and asked again."""

import itertools
import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.query import accounts
from bench.query.lake import question
from bench.query.world import World
from bench.sink.provisions import ROOT

PEERS = ("pyathena default", "pyathena async", "pyathena aio", "pyathena arrow", "pyathena aio-arrow",
         "awswrangler csv", "awswrangler ctas", "awswrangler unload")  # fmt: skip
FORMATS = ("service json", "service ndjson", "service csv", "service arrow", "service parquet")
_LIMIT_S = 600


@dataclass(frozen=True, slots=True)
class Figures:
    """One question. `service_cpu_s` is the service's, `engine_cpu_s` the local Athena's and S3's."""

    wall_s: float
    client_cpu_s: float
    service_cpu_s: float
    engine_cpu_s: float
    client_peak_bytes: int
    service_peak_bytes: int
    seen: dict[str, Any]

    @property
    def cpu_s(self) -> float:
        """What asking cost: the client's CPU and the service's, not the engine's."""
        return self.client_cpu_s + self.service_cpu_s


@dataclass(frozen=True, slots=True)
class Measured:
    """One client at one size: every first question, and the same one asked again."""

    client: str
    rows: int
    first: tuple[Figures, ...]
    again: tuple[Figures, ...]

    @property
    def wall_s(self) -> float:
        """The best of its rounds: what else the machine did only adds to it."""
        return min(one.wall_s for one in self.first)

    @property
    def again_s(self) -> float:
        return min(one.wall_s for one in self.again)

    @property
    def cpu_s(self) -> float:
        return min(one.cpu_s for one in self.first)

    @property
    def peak_bytes(self) -> int:
        """Of client and service together, above nothing."""
        return max(one.client_peak_bytes + one.service_peak_bytes for one in self.first)

    @property
    def seen(self) -> dict[str, Any]:
        """What all its answers held. Raises ValueError where they differ."""
        all_ = [one.seen for one in (*self.first, *self.again)]
        if any(one != all_[0] for one in all_):
            raise ValueError(f"{self.client}: its answers differ: {all_}")
        return all_[0]

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            **{
                name: getattr(self, name)
                for name in ("wall_s", "again_s", "cpu_s", "peak_bytes")
            },
        }


def measured(
    world: World, python: Path, clients: Sequence[str], rows: int, rounds: int
) -> list[Measured]:
    """All clients at one size, in turns: what else the machine does meets all of them."""
    found: dict[str, tuple[list[Figures], list[Figures]]] = {one: ([], []) for one in clients}
    with _started(world, python, clients) as programs:
        for _ in range(rounds):
            for name, program in programs.items():
                sql = question(rows, next(_NONCES))
                for kept in found[name]:
                    kept.append(program.asked(sql, rows))
    return [Measured(name, rows, tuple(a), tuple(b)) for name, (a, b) in found.items()]


_NONCES = itertools.count(1)


class Program:
    """One client's process: a line of question in, a line of figures out."""

    def __init__(self, world: World, python: Path, name: str) -> None:
        kind, way = name.split()
        self._world = world
        self._name = name
        self._child = subprocess.Popen(
            [str(python), "-m", f"bench.query.programs.with_{kind}", way],
            env={**world.environ, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._line()

    def asked(self, sql: str, rows: int) -> Figures:
        """Ask, and account everybody meanwhile."""
        world, child = self._world, self._child
        accounts.forget_peaks(world.service_pid)
        service, engine = map(accounts.cpu_s, (world.service_pid, world.cloud_pid))
        assert child.stdin is not None
        child.stdin.write(json.dumps({"sql": sql, "rows": rows}) + "\n")
        child.stdin.flush()
        told = self._line()
        ours = self._name in FORMATS
        return Figures(
            wall_s=told["wall_s"],
            client_cpu_s=told["cpu_s"],
            service_cpu_s=accounts.cpu_s(world.service_pid) - service if ours else 0.0,
            engine_cpu_s=accounts.cpu_s(world.cloud_pid) - engine,
            client_peak_bytes=told["peak_bytes"],
            service_peak_bytes=accounts.peak_bytes(world.service_pid) if ours else 0,
            seen=told["seen"],
        )

    def end(self) -> None:
        """Let it end by itself: there are no more questions."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.wait(_LIMIT_S)

    def _line(self) -> dict[str, Any]:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._name} ended with {self._child.wait(10)}")
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def _started(
    world: World, python: Path, clients: Sequence[str]
) -> Iterator[dict[str, Program]]:
    programs: dict[str, Program] = {}
    try:
        for name in clients:
            programs[name] = Program(world, python, name)
        yield programs
    finally:
        for program in programs.values():
            program.end()
