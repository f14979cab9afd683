"""Both sides' word on one generated text: the real Trino's, asked live, and the engine's."""

from dataclasses import dataclass, replace

from tests.conformance.by_design import Difference, listed
from tests.conformance.compare import FAILURES, REFUSED, SAME, Verdict, compare
from tests.conformance.corpus import Text
from tests.conformance.outcome import Outcome
from tests.conformance.record import asked, asked_again
from tests.conformance.recorded import Recorded
from tests.conformance.rules import HIDDEN_ORDER, SUMS
from tests.conformance.run import Judged
from tests.conformance.statement_text import traits
from tests.conformance.workers import Workers
from tests.trino_lab.client import Trino

UNUSABLE = "unusable"
# What a weaker comparison may leave open without a second look.
_TRUSTED = (None, HIDDEN_ORDER, SUMS)


@dataclass(frozen=True, slots=True)
class Sides:
    """The two, and the differences that are meant."""

    trino: Trino
    workers: Workers
    differences: tuple[Difference, ...] = listed()

    def judged(self, text: Text) -> Judged:
        """The engine is asked first: what it refuses needs no Trino."""
        ours = self.workers.ask(text.sql)
        return self.beside(text, ours)

    def beside(self, text: Text, ours: Outcome) -> Judged:
        """Trino's word on it, and the verdict."""
        if ours.refusal is not None:
            theirs = Recorded(text.hash)
            return Judged(text, theirs, ours, Verdict(REFUSED, ours.refusal))
        theirs, _ = asked(self.trino, text)
        verdict = self._verdict(text, theirs, ours)
        if verdict.kind in FAILURES or verdict.rule not in _TRUSTED:
            # Either a difference, or something that SQL leaves open: Trino's own second run tells.
            theirs = theirs if theirs.unusable else asked_again(self.trino, text, theirs)
            verdict = _stricter(self._verdict(text, theirs, ours), theirs)
        return Judged(text, theirs, ours, verdict)

    def _verdict(self, text: Text, theirs: Recorded, ours: Outcome) -> Verdict:
        if theirs.unusable is not None and ours.crash is None:
            return Verdict(UNUSABLE, theirs.unusable)
        return compare(traits(text.sql), theirs, ours, self.differences)


def _stricter(verdict: Verdict, theirs: Recorded) -> Verdict:
    """Where Trino gives one answer twice, over rows in two orders, it is the answer."""
    if verdict.kind == SAME and verdict.rule not in _TRUSTED and theirs.settled == "rows":
        return replace(verdict, kind="wrong value", note=f"{verdict.rule}, yet settled")
    return verdict
