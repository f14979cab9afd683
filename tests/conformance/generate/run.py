"""`generate`: makes queries, asks both sides, cuts failures down and says what came of it."""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from typing import Any

from tests.conformance import show
from tests.conformance.compare import FAILURES, LOUD, REFUSED, SAME, SAME_ERROR, SILENT
from tests.conformance.corpus import text_of
from tests.conformance.generate import coverage
from tests.conformance.generate.groups import Groups, note_of, telling
from tests.conformance.generate.node import Node, text
from tests.conformance.generate.shrink import shrunk, still_fails
from tests.conformance.generate.sides import UNUSABLE, Sides
from tests.conformance.generate.statements import Generated, generated
from tests.conformance.outcome import grouped
from tests.conformance.run import Judged

# Statements at a time: some are with Trino while the others are with the engine.
AT_A_TIME = 4
# The more, the more expressions of one source there are to ask about at once.
_PORTION = 480
_SAY_EVERY_S = 15.0
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which statements of a run: `count` from `start`, those that use `about` where it is given."""

    seed: int
    count: int
    start: int = 0
    about: str | None = None


@dataclass(slots=True)
class Figures:
    """What came of a run."""

    kinds: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    weakened: Counter[str] = field(default_factory=Counter)
    used: set[str] = field(default_factory=set)
    seconds: float = 0.0

    @property
    def silent(self) -> int:
        """How many were answered in another way than Trino answers them."""
        return sum(self.kinds[kind] for kind in SILENT)

    @property
    def loud(self) -> int:
        """How many failed in another way than they do in Trino."""
        return sum(self.kinds[kind] for kind in LOUD)

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(
            self.kinds + other.kinds,
            self.refused + other.refused,
            self.weakened + other.weakened,
            self.used | other.used,
            self.seconds + other.seconds,
        )

    def add(self, one: Generated, judged: Judged) -> None:
        verdict = judged.verdict
        self.kinds[verdict.kind] += 1
        if verdict.kind == REFUSED:
            self.refused[grouped(verdict.note)] += 1
        if verdict.kind == SAME:
            # What both answered is what a run has tried.
            self.used |= one.uses
            if verdict.rule:
                self.weakened[verdict.rule] += 1

    @property
    def answered_share(self) -> float:
        """How many of the statements that Trino was asked it answers."""
        errors = self.kinds[SAME_ERROR] + self.kinds["other error"]
        errors += self.kinds["answered where Trino errs"] + self.kinds[UNUSABLE]
        asked = self.kinds.total() - self.kinds[REFUSED]
        return 100 * (asked - errors) / asked if asked else 0.0


def statements(wanted: Wanted) -> Iterator[Generated]:
    """The statements, in the order of their numbers."""
    made = (generated(wanted.seed, index) for index in count(wanted.start))
    if wanted.about is None:
        return islice(made, wanted.count)
    about = wanted.about.lower()
    return islice((one for one in made if _is_about(one, about)), wanted.count)


def _is_about(one: Generated, about: str) -> bool:
    return any(
        use.lower() == about
        or use.lower().startswith(f"{about}(")
        or use.lower() == f"$operator${about}"
        for use in one.uses
    )


def judged(sides: Sides, made: Iterator[Generated]) -> Iterator[tuple[Generated, Judged]]:
    """Each statement with both sides' word, in order; many are asked at a time."""
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        # In portions, so that not all of a long run are made before the first is asked.
        while portion := list(islice(made, _PORTION)):
            yield from zip(portion, sides.all_judged(portion, pool), strict=True)


@dataclass(slots=True)
class Run:
    """One run: its figures, its failures by cause, and the file that keeps each of them."""

    sides: Sides
    say: Say
    log: Path
    # Which kinds of failures are made small: it takes as long as a hundred queries.
    looked_into: tuple[str, ...] = FAILURES
    figures: Figures = field(default_factory=Figures)
    groups: Groups = field(default_factory=Groups)

    def go(self, wanted: Wanted) -> None:
        """Every statement of the run."""
        began = said = time.monotonic()
        for one, found in judged(self.sides, statements(wanted)):
            self.figures.add(one, found)
            if found.verdict.kind in FAILURES:
                self._failed(one, found)
            now = time.monotonic()
            self.figures.seconds = now - began
            if now - said > _SAY_EVERY_S:
                said = now
                self.say(progress(self.figures, one.index))

    def _failed(self, one: Generated, found: Judged) -> None:
        small: Node | None = None
        if found.verdict.kind not in self.looked_into:
            self.groups.add(one.tree, found)
        elif not self.groups.known(found, telling(one.tree)):
            small = shrunk(one.tree, still_fails(self.sides, found))
            again = self.sides.judged(text_of(text(small)))
            # Where it fell apart on a last look, the statement itself is the example.
            if again.verdict.kind != found.verdict.kind:
                small, again = one.tree, found
            self.groups.add(small, again)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a") as file:
            file.write(json.dumps(_line(one, found, small), ensure_ascii=False) + "\n")


def _line(one: Generated, found: Judged, small: Node | None) -> dict[str, Any]:
    return {
        "seed": one.seed,
        "index": one.index,
        "kind": found.verdict.kind,
        "note": note_of(found),
        "shrunk": text(small) if small is not None else None,
        "text": found.text.sql,
        "theirs": show.of_record(found.theirs),
        "ours": show.of_outcome(found.ours),
    }


def progress(figures: Figures, index: int) -> str:
    """One line: how many of each verdict so far, and how fast."""
    done = figures.kinds.total()
    counted = ", ".join(f"{kind}: {number}" for kind, number in figures.kinds.most_common())
    return f"{done} (up to {index}), {done / max(figures.seconds, 0.1):.1f}/s: {counted}"


def report(run: Run) -> Iterator[str]:
    """What is said at the end of a run."""
    for group in run.groups:
        uses = ", ".join(sorted(group.uses)[:8])
        yield f"---- {group.count} x {group.kind}: {uses}; {group.note}"
        yield text(group.example)
        yield f"theirs: {show.of_record(group.judged.theirs)}"
        yield f"ours:   {show.of_outcome(group.judged.ours)}"
    figures = run.figures
    for what, known, never in coverage.missing(figures.used):
        shown = ", ".join(never[:40]) + (f" … {len(never)}" if len(never) > 40 else "")
        yield f"{what}: {known - len(never)} of {known} in queries that both answered"
        if never:
            yield f"  never: {shown}"
    yield "refused:"
    for reason, number in figures.refused.most_common(25):
        yield f"{number:6} {reason}"
    yield "compared less strictly:"
    for rule, number in figures.weakened.most_common():
        yield f"{number:6} {rule}"
    yield progress(figures, -1)
    yield f"Trino answers {figures.answered_share:.0f} % of what it was asked"
    yield (
        f"{figures.silent} silent differences in {figures.kinds.total()} queries;"
        f" {figures.loud} failed in another way than in Trino ({len(run.groups)} causes)"
    )


def to_stderr(line: str) -> None:
    """Progress, apart from the report."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
