"""Holds the local Athena against the recorded answers: texts in, verdicts out."""

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.conformance import ours
from tests.conformance.by_design import listed
from tests.conformance.compare import BY_DESIGN, FAILURES, REFUSED, SAME, Verdict, compare
from tests.conformance.corpus import Text
from tests.conformance.outcome import Outcome, grouped
from tests.conformance.recorded import Recorded
from tests.conformance.statement_text import traits
from tests.conformance.workers import outcomes


@dataclass(frozen=True, slots=True)
class Judged:
    """One text with both sides and the verdict on them."""

    text: Text
    theirs: Recorded
    ours: Outcome
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Counts:
    """The figures of a run."""

    texts: int
    unusable: Mapping[str, int]
    kinds: Mapping[str, int]
    refused: Mapping[str, int]
    by_design: Mapping[str, int]
    weakened: Mapping[str, int]

    @property
    def usable(self) -> int:
        return sum(self.kinds.values())

    @property
    def failures(self) -> int:
        return sum(self.kinds.get(kind, 0) for kind in FAILURES)

    @property
    def answered(self) -> int:
        return self.usable - self.kinds.get(REFUSED, 0) - self.failures


def usable(texts: Sequence[Text], records: Mapping[str, Recorded]) -> list[Text]:
    """The texts that Trino taught us something about. One without a record is an error."""
    unknown = [one.hash for one in texts if one.hash not in records]
    if unknown:
        raise KeyError(
            f"{len(unknown)} texts were never recorded, such as {unknown[0]}:"
            " python -m tests.conformance record --only-missing"
        )
    return [one for one in texts if records[one.hash].unusable is None]


def share(texts: Sequence[Text], count: int | None, seed: int) -> list[Text]:
    """A seeded share of the texts, or all of them."""
    if count is None or count >= len(texts):
        return list(texts)
    return random.Random(seed).sample(list(texts), count)


def judge(texts: Sequence[Text], records: Mapping[str, Recorded]) -> Iterator[Judged]:
    """The engine's outcome and the verdict on each, in order."""
    differences = listed()
    found = outcomes(ours.answer, [one.sql for one in texts])
    for text, outcome in zip(texts, found, strict=True):
        theirs = records[text.hash]
        verdict = compare(traits(text.sql), theirs, outcome, differences)
        yield Judged(text, theirs, outcome, verdict)


def counts(
    texts: Sequence[Text], records: Mapping[str, Recorded], judged: Sequence[Judged]
) -> Counts:
    """The figures of a run over these texts (of which `judged` are usable)."""
    verdicts = [one.verdict for one in judged]

    return Counts(
        len(texts),
        _most_first(why for one in texts if (why := records[one.hash].unusable) is not None),
        _most_first(one.kind for one in verdicts),
        _most_first(grouped(one.note) for one in verdicts if one.kind == REFUSED),
        _most_first(one.note for one in verdicts if one.kind == BY_DESIGN),
        _most_first(one.rule for one in verdicts if one.kind == SAME and one.rule),
    )


def _most_first(names: Iterable[str]) -> Mapping[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda item: (-item[1], item[0])))
