"""Runs texts in processes of their own: a hang or a crash costs one text, not the run."""

import multiprocessing
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Self

from tests.conformance.outcome import Outcome

# Far above what any text needs, also on a machine that is busy.
LIMIT_S = 60.0
_START_S = 120.0
_READY = "ready"
NO_ANSWER = "no answer within"
Answerer = Callable[[str], Outcome]


class _Worker:
    """One process; a new one takes its place when it hangs or dies."""

    def __init__(self, answerer: Answerer, limit_s: float) -> None:
        self._answerer, self._limit_s = answerer, limit_s
        # What the engine puts into its working directory (DuckDB spills there) goes with it.
        self._folder = TemporaryDirectory(prefix="conformance-worker-")
        self._start()

    def _start(self) -> None:
        # Not forked: the engine's threads would not survive it.
        spawn = multiprocessing.get_context("spawn")
        self._pipe, theirs = spawn.Pipe()
        self._process = spawn.Process(
            target=_serve, args=(theirs, self._answerer, self._folder.name), daemon=True
        )
        self._process.start()
        theirs.close()
        if not self._pipe.poll(_START_S) or self._pipe.recv() != _READY:
            raise RuntimeError("a worker did not start")

    def ask(self, text: str) -> Outcome:
        """The engine's outcome, or that it did not come to one."""
        try:
            self._pipe.send(text)
            if self._pipe.poll(self._limit_s):
                found = self._pipe.recv()
                assert isinstance(found, Outcome)
                return found
            ended = f"{NO_ANSWER} {self._limit_s:g} s"
        except (EOFError, OSError):
            self._process.join(5)
            ended = f"the process ended with {self._process.exitcode}"
        self._kill()
        self._start()
        return Outcome(crash=ended)

    def _kill(self) -> None:
        self._process.kill()
        self._process.join(5)
        self._pipe.close()

    def end(self) -> None:
        """Ends the process, whatever it is doing, and removes its folder."""
        self._kill()
        self._folder.cleanup()


def _serve(pipe: Connection, answerer: Answerer, folder: str) -> None:
    os.chdir(folder)
    # An engine that shows its progress would write into the report.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with suppress(EOFError, KeyboardInterrupt):
        pipe.send(_READY)
        while True:
            pipe.send(answerer(pipe.recv()))


class Workers:
    """Some processes that stay, for texts that come one after the other. Threads may share it."""

    def __init__(self, answerer: Answerer, limit_s: float = LIMIT_S, jobs: int = 1) -> None:
        self._all = [_Worker(answerer, limit_s) for _ in range(jobs)]
        self._free: SimpleQueue[_Worker] = SimpleQueue()
        for worker in self._all:
            self._free.put(worker)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._all:
            worker.end()

    def ask(self, text: str) -> Outcome:
        """The outcome of one text, from the first process that is free."""
        worker = self._free.get()
        try:
            return worker.ask(text)
        finally:
            self._free.put(worker)


def outcomes(
    answerer: Answerer,
    texts: Sequence[str],
    limit_s: float = LIMIT_S,
    jobs: int = os.cpu_count() or 1,
) -> Iterator[Outcome]:
    """The outcome of each text, in their order. `answerer` is a function of a module."""
    jobs = max(1, min(jobs, len(texts)))
    with Workers(answerer, limit_s, jobs) as workers, ThreadPoolExecutor(jobs) as pool:
        yield from pool.map(workers.ask, texts)
