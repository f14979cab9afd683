"""Runs the writers side by side and reports: `make bench-sink`.

python -m bench.sink                                    all writers, all sizes, 1.2 GB each
python -m bench.sink --only coinlake,naive --size 1200 --megabytes 300
python -m bench.sink --report                           the last figures into the docs
"""

import argparse
import asyncio
import fcntl
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.sink import report
from bench.sink.corpus import Corpus, Tally
from bench.sink.job import Job
from bench.sink.measure import Run, measure
from bench.sink.peers import FOLDER, WRITERS
from bench.sink.provisions import ProvisionError, versitygw
from bench.sink.store import Store, StoreError, open_store
from bench.sink.topic import PARTITIONS, create, fill
from local_stack.broker import start_broker
from local_stack.errors import StackError

SIZES = (1200, 300, 50_000)
_MIB = 1024 * 1024
_EMPTY = "bench-empty"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured."""

    writers: tuple[str, ...]
    sizes: tuple[int, ...]
    megabytes: float
    rounds: int
    gzip_level: int
    object_bytes: int
    limit_s: float
    with_empty: bool


class Bench:
    """The broker, the store and the core that is the writers' own."""

    def __init__(self, plan: Plan, bootstrap: str, store: Store, core: int) -> None:
        self._plan = plan
        self._bootstrap = bootstrap
        self._store = store
        self._core = core

    def run(self) -> list[dict[str, Any]]:
        """Measure every writer at every size. One report per size."""
        asyncio.run(create(self._bootstrap, _EMPTY))
        empty = {name: self._run_empty(name) for name in self._writers_with_start()}
        return [self._run_size(size, empty) for size in self._plan.sizes]

    def _writers_with_start(self) -> Sequence[str]:
        return self._plan.writers if self._plan.with_empty else ()

    def _run_empty(self, name: str) -> Run:
        run = self._measure(name, _EMPTY, Tally(), "0")
        _say(f"  {name}: starts and ends in {run.account.cpu_s:.2f} CPU s, {run.verdict}")
        return run

    def _run_size(self, size: int, empty: dict[str, Run]) -> dict[str, Any]:
        corpus, topic = Corpus.of(size, self._plan.megabytes), f"bench-{size}"
        _say(f"{corpus.values:,} values of {size:,} bytes: filling {topic}")
        tally = asyncio.run(fill(self._bootstrap, topic, corpus))
        runs: dict[str, list[Run]] = {name: [] for name in self._plan.writers}
        for number in range(self._plan.rounds):
            # In turns, not writer by writer: what the machine does besides hits all alike.
            for name in self._plan.writers:
                run = self._measure(name, topic, tally, str(number))
                runs[name].append(run)
                speed = tally.size / 1e6 / run.account.cpu_s
                _say(f"  {name}: {speed:.1f} MB per CPU s, {run.verdict}")
        writers = [
            report.result(name, tally.size, runs[name], empty.get(name)) for name in runs
        ]
        return {
            "size": size,
            "values": tally.values,
            "raw_mb": round(tally.size / 1e6, 1),
            "partitions": PARTITIONS,
            "writers": writers,
            "ratios": report.ratios(writers),
        }

    def _measure(self, name: str, topic: str, expected: Tally, run: str) -> Run:
        bucket = f"{topic}-{name}-{run}"
        in_object = self._plan.object_bytes
        per_object = max(1, in_object * expected.values // max(1, expected.size))
        job = Job(
            self._bootstrap,
            topic,
            PARTITIONS,
            expected.values,
            self._store.endpoint,
            bucket,
            self._plan.gzip_level,
            in_object,
            per_object,
            str(FOLDER / "scratch" / bucket),
        )
        return measure(
            WRITERS[name], job, self._store, expected, self._core, self._plan.limit_s
        )


def main() -> int:
    told = _arguments()
    path: Path = told.json
    if told.report:
        return _report(path)
    plan = Plan(
        tuple(told.only),
        tuple(told.size),
        told.megabytes,
        told.rounds,
        told.gzip_level,
        told.object_mib * _MIB,
        told.limit,
        not told.no_empty,
    )
    machine = report.machine()
    # Told to stop it must take broker, store and writer with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        with _opened(plan, told.store) as bench:
            sizes = bench.run()
    except (StackError, StoreError, ProvisionError) as error:
        sys.stderr.write(f"bench-sink cannot run: {error}\n")
        return 2
    found = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine,
        "gzip_level": plan.gzip_level,
        "object_bytes": plan.object_bytes,
        "rounds": plan.rounds,
        "sizes": sizes,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(found, indent=1) + "\n")
    _say(report.text(found))
    _say(f"written to {path}")
    lost = report.incomplete(sizes)
    for name, size in lost:
        _say(f"{name} did not store all, once, at {size:,} bytes: see its line in the table")
    # A peer that loses is a result; that we do is a failure.
    return 1 if any(name == report.US for name, _ in lost) else 0


def _report(path: Path) -> int:
    """Print the figures of the last run and write them into the page of the docs."""
    figures = report.text(json.loads(path.read_text()))
    report.PAGE.write_text(report.written_into(report.PAGE.read_text(), figures))
    _say(figures)
    _say(f"written into {report.PAGE}")
    return 0


@contextmanager
def _opened(plan: Plan, store_folder: Path) -> Iterator[Bench]:
    cores = sorted(os.sched_getaffinity(0))
    # The last core is the writers'; broker, store and this process share the others.
    os.sched_setaffinity(0, set(cores[:-1] or cores))
    with ExitStack() as open_:
        open_.enter_context(_alone())
        for name in plan.writers:
            WRITERS[name].prepare(_say)
        binary = versitygw(_say)
        _clear()
        open_.callback(shutil.rmtree, FOLDER / "kafka", ignore_errors=True)
        store = open_.enter_context(open_store(binary, store_folder))
        broker = open_.enter_context(start_broker(FOLDER / "kafka"))
        yield Bench(plan, broker.bootstrap, store, cores[-1])


@contextmanager
def _alone() -> Iterator[None]:
    """Two benches at once would measure each other."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another bench runs in this clone: waiting for its end")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _clear() -> None:
    """Remove what an earlier run left; the logs of its writers too."""
    for name in ("kafka", "scratch"):
        shutil.rmtree(FOLDER / name, ignore_errors=True)
    (FOLDER / "kafka").mkdir(parents=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.sink",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", type=_names, default=list(WRITERS), help="writers, by comma")
    parser.add_argument("--size", type=_numbers, default=list(SIZES), help="bytes of a value")
    parser.add_argument("--megabytes", type=float, default=1200, help="raw MB per size")
    parser.add_argument("--rounds", type=int, default=1, help="runs of each; the middle counts")
    parser.add_argument("--gzip-level", type=int, default=1, help="everybody's level")
    parser.add_argument("--object-mib", type=int, default=32, help="raw MiB of an object")
    parser.add_argument("--limit", type=float, default=900, help="seconds that a run may take")
    parser.add_argument("--no-empty", action="store_true", help="do not measure the start")
    parser.add_argument("--store", type=Path, default=FOLDER / "store", help="versitygw's data")
    parser.add_argument("--json", type=Path, default=FOLDER / "sink.json", help="the figures")
    parser.add_argument("--report", action="store_true", help="the figures into the docs")
    return parser.parse_args()


def _names(given: str) -> list[str]:
    names = given.split(",")
    if unknown := set(names) - set(WRITERS):
        raise argparse.ArgumentTypeError(
            f"no such writer: {', '.join(sorted(unknown))} (there are {', '.join(WRITERS)})"
        )
    return names


def _numbers(given: str) -> list[int]:
    return [int(one) for one in given.split(",")]


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
