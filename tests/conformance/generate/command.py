"""`python -m tests.conformance generate`: its arguments, and what is done with them."""

import argparse
import os
from collections.abc import Callable
from contextlib import ExitStack
from threading import Lock
from typing import Any

from tests.conformance import ours
from tests.conformance.compare import FAILURES, SILENT
from tests.conformance.generate import kept, page, parts
from tests.conformance.generate.run import Run, Say, Wanted, report, statements, to_stderr
from tests.conformance.generate.sides import Sides
from tests.conformance.oracle import LOCAL, oracle
from tests.conformance.record import Progress
from tests.conformance.report import write_generated
from tests.conformance.workers import Workers
from tests.trino_lab.client import Trino

COUNT, SEED = parts.SIZE * parts.PARTS, parts.SEED
FAILURES_LOG = LOCAL / "generated.jsonl"


def add_to(commands: "argparse._SubParsersAction[Any]") -> None:
    """The command's arguments."""
    parser = commands.add_parser("generate", help="generated queries, of Trino and of ours")
    parser.add_argument("--count", type=int, metavar="N", help=f"so many ({COUNT:,})")
    parser.add_argument("--seed", type=int, default=SEED, help="which queries")
    parser.add_argument("--from", type=int, default=0, dest="start", metavar="INDEX")
    parser.add_argument("--about", metavar="NAME", help="those that use this function or form")
    parser.add_argument(
        "--part", type=int, choices=range(parts.PARTS), help=f"{parts.SIZE:,} of the seed's"
    )
    parser.add_argument("--record", action="store_true", help="keep some with Trino's answers")
    parser.add_argument(
        "--report", action="store_true", help="write docs/reference of the parts"
    )
    parser.add_argument(
        "--only-show", action="store_true", help="their texts, and nothing asked"
    )


def command(wanted: argparse.Namespace, say: Say) -> int:
    """0 where no query was answered in another way than by Trino, or ended without a word."""
    asked = _asked(wanted)
    if wanted.only_show:
        for one in statements(asked):
            say(f"{one.index}: {one.text.sql}")
        return 0
    if wanted.record:
        return _record(wanted.count or kept.COUNT, wanted.seed, say)
    if wanted.report:
        found = parts.load()
        write_generated(page.section(found), page.as_json(found))
        return 0
    with ExitStack() as stack:
        workers = stack.enter_context(Workers(ours.answer, jobs=os.cpu_count() or 1))
        known = None
        if wanted.part is not None:
            known = stack.enter_context(parts.remembered(wanted.part))
        looked_into = FAILURES if wanted.part is None else SILENT
        sides = Sides(_started_once(stack), workers, known)
        run = Run(sides, to_stderr, FAILURES_LOG, looked_into)
        try:
            run.go(asked)
        finally:
            for line in report(run):
                say(line)
    if wanted.part is not None:
        parts.save(wanted.part, run.figures)
    return 1 if run.figures.silent or run.figures.kinds["crash"] else 0


def _started_once(stack: ExitStack) -> Callable[[], Trino]:
    """The Trino of this command, which takes half a minute: where there is something to ask."""
    lock = Lock()
    found: list[Trino] = []

    def trino() -> Trino:
        with lock:
            if not found:
                found.append(stack.enter_context(oracle()))
            return found[0]

    return trino


def _asked(wanted: argparse.Namespace) -> Wanted:
    if wanted.part is not None:
        return parts.wanted(wanted.part)
    return Wanted(wanted.seed, wanted.count or COUNT, wanted.start, wanted.about)


def _record(count: int, seed: int, say: Say) -> int:
    progress = Progress(count, "recorded")
    found = []
    with oracle() as trino:
        for pair in kept.recorded(trino, count, seed):
            found.append(pair)
            progress.step()
    kept.save(found)
    errors = sum(one.error is not None for _, one in found)
    size = kept.FILE.stat().st_size
    say(f"{len(found)} queries kept, {errors} of them errors: {size:,} bytes")
    return 0
