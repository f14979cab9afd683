"""Both sides' word on one generated text: the real Trino's, asked live, and the engine's."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from tests.conformance.by_design import Difference, listed
from tests.conformance.compare import FAILURES, REFUSED, SAME, Verdict, compare
from tests.conformance.corpus import Text
from tests.conformance.generate.merged import answered, batches, member
from tests.conformance.generate.remembered import Remembered
from tests.conformance.generate.statements import Generated
from tests.conformance.outcome import Outcome
from tests.conformance.record import TIME, asked, asked_again
from tests.conformance.recorded import Recorded
from tests.conformance.rules import HIDDEN_ORDER, MISSES, PICKED, SUMS, ZEROS
from tests.conformance.run import Judged
from tests.conformance.statement_text import traits
from tests.conformance.workers import NO_ANSWER, Workers
from tests.trino_lab.client import Answer, Trino

UNUSABLE, TOO_SLOW = "unusable", "no answer in time"
# What a weaker comparison may leave open without a second look.
_TRUSTED = (None, HIDDEN_ORDER, SUMS, MISSES, PICKED, ZEROS)


@dataclass(frozen=True, slots=True)
class Sides:
    """The two, and the differences that are meant.

    `trino` gives the real one, which is started when it is needed first. What it said is looked
    up in `remembered`, where that is given.
    """

    trino: Callable[[], Trino]
    workers: Workers
    remembered: Remembered | None = None
    differences: tuple[Difference, ...] = listed()

    def all_judged(self, made: Sequence[Generated], pool: ThreadPoolExecutor) -> list[Judged]:
        """Every statement's verdict; expressions that both answer alike cost Trino little."""
        ours = list(pool.map(lambda one: self.workers.ask(one.text.sql), made))
        by_hash = {one.text.hash: found for one, found in zip(made, ours, strict=True)}
        mergeable = [
            (one, found)
            for one in made
            if by_hash[one.text.hash].answer is not None
            and self._recalled(one.text) is None
            and (found := member(one)) is not None
        ]
        known: dict[str, Judged] = {}
        for part in pool.map(lambda one: list(answered(one, self._ask)), batches(mergeable)):
            for one, theirs in part:
                outcome = by_hash[theirs.hash]
                verdict = self._verdict(one.text, theirs, outcome)
                if verdict == Verdict(SAME):
                    self._keep(theirs)
                    known[theirs.hash] = Judged(one.text, theirs, outcome, verdict)
        return list(
            pool.map(
                lambda one: (
                    known.get(one.text.hash) or self.beside(one.text, by_hash[one.text.hash])
                ),
                made,
            )
        )

    def _ask(self, sql: str) -> Answer:
        return self.trino().query(sql, TIME)

    def judged(self, text: Text) -> Judged:
        """The engine is asked first: what it refuses needs no Trino."""
        ours = self.workers.ask(text.sql)
        return self.beside(text, ours)

    def beside(self, text: Text, ours: Outcome) -> Judged:
        """Trino's word on it, and the verdict."""
        if ours.refusal is not None:
            theirs = Recorded(text.hash)
            return Judged(text, theirs, ours, Verdict(REFUSED, ours.refusal))
        theirs = self._first(text)
        verdict = self._verdict(text, theirs, ours)
        if verdict.kind in FAILURES or verdict.rule not in _TRUSTED:
            # Either a difference, or something that SQL leaves open: Trino's own second run tells.
            theirs = theirs if theirs.unusable else self._again(text, theirs)
            verdict = _stricter(self._verdict(text, theirs, ours), theirs)
        return Judged(text, theirs, ours, verdict)

    def _first(self, text: Text) -> Recorded:
        return self._recalled(text) or self._keep(asked(self.trino(), text)[0])

    def _again(self, text: Text, first: Recorded) -> Recorded:
        found = self._recalled(text, twice=True)
        return found or self._keep(asked_again(self.trino(), text, first), twice=True)

    def _recalled(self, text: Text, twice: bool = False) -> Recorded | None:
        return self.remembered.get(text.hash, twice) if self.remembered is not None else None

    def _keep(self, found: Recorded, twice: bool = False) -> Recorded:
        return self.remembered.put(found, twice) if self.remembered is not None else found

    def _verdict(self, text: Text, theirs: Recorded, ours: Outcome) -> Verdict:
        if theirs.unusable is not None and ours.crash is None:
            return Verdict(UNUSABLE, theirs.unusable)
        if ours.crash is not None and ours.crash.startswith(NO_ANSWER):
            return Verdict(TOO_SLOW, ours.crash)
        return compare(traits(text.sql), theirs, ours, self.differences)


def _stricter(verdict: Verdict, theirs: Recorded) -> Verdict:
    """Where Trino gives one answer twice, over rows in two orders, it is the answer."""
    if verdict.kind == SAME and verdict.rule not in _TRUSTED and theirs.settled == "rows":
        return replace(verdict, kind="wrong value", note=f"{verdict.rule}, yet settled")
    return verdict
