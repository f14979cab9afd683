"""What an outcome is worth beside what Trino said: the same, refused, by design, or a failure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tests.conformance.by_design import Difference, all_applied
from tests.conformance.canonical import (
    Answer,
    closest,
    json_text,
    print_at,
    without_sign_of_zero,
)
from tests.conformance.outcome import Outcome
from tests.conformance.recorded import Recorded
from tests.conformance.rules import (
    HIDDEN_ORDER,
    ZEROS,
    order_is_hidden,
    rule_for,
    zeros_are_open,
)
from tests.conformance.statement_text import Traits

SAME, SAME_ERROR, REFUSED, BY_DESIGN = "same", "same error", "refused", "by design"
# A client takes it for the answer.
SILENT = ("wrong value", "wrong type", "answered where Trino errs")
# It says that something failed, though not what Trino would say.
LOUD = ("error where Trino answers", "other error", "crash")
FAILURES = (*SILENT, *LOUD)


@dataclass(frozen=True, slots=True)
class Verdict:
    """`note` is a refusal's reason, a difference's name, or what is wrong.

    `rule` is the rule of a weaker comparison that was needed to call it the same.
    """

    kind: str
    note: str = ""
    rule: str | None = None


def compare(
    text: Traits, theirs: Recorded, ours: Outcome, differences: Sequence[Difference] = ()
) -> Verdict:
    """One text's verdict. Pure: the same arguments give the same verdict."""
    if ours.crash is not None:
        return Verdict("crash", ours.crash)
    if ours.refusal is not None:
        return Verdict(REFUSED, ours.refusal)
    meant = next((one for one in differences if theirs.hash in one.texts), None)
    if meant is not None:
        return Verdict(BY_DESIGN, meant.name)
    if theirs.error is not None:
        return _beside_error(theirs.error, ours, differences)
    if ours.answer is None:
        return Verdict("error where Trino answers", f"{ours.error}: {ours.message}")
    return _beside_answer(text, theirs, ours.answer, differences)


def _beside_error(theirs: str, ours: Outcome, differences: Sequence[Difference]) -> Verdict:
    if ours.answer is not None:
        return Verdict("answered where Trino errs", theirs)
    if ours.error == theirs:
        return Verdict(SAME_ERROR)
    meant = next((one for one in differences if one.covers_error(theirs, ours.error)), None)
    if meant is not None:
        return Verdict(BY_DESIGN, meant.name)
    return Verdict("other error", f"{theirs} there, here {ours.error}: {ours.message}")


def _beside_answer(
    text: Traits, theirs: Recorded, ours: Answer, differences: Sequence[Difference]
) -> Verdict:
    if ours.types == theirs.types:
        return _values(text, theirs, ours)
    for one in differences:
        if one.types_of(theirs.types) != theirs.types:
            meant = _meant(theirs, differences)
            if meant.types == ours.types:
                found = _values(text, meant, ours)
                return Verdict(BY_DESIGN, one.name) if found.kind == SAME else found
    return Verdict("wrong type", f"{theirs.types} there, here {ours.types}")


def _meant(theirs: Recorded, differences: Sequence[Difference]) -> Recorded:
    applied = all_applied(differences, Answer(theirs.types, theirs.rows or ()))
    rows = applied.rows if theirs.rows is not None else None
    return replace(theirs, types=applied.types, rows=rows)


def _values(text: Traits, theirs: Recorded, ours: Answer) -> Verdict:
    if "ties" in text.words:
        # Trino chooses the rows by their order, and gives them in another.
        theirs = replace(theirs, keys=())
    level = closest(theirs.print_at, lambda one: print_at(one, ours, theirs.keys))
    if level == "rows":
        hidden = order_is_hidden(text, theirs) and not _in_sequence(theirs, ours)
        return Verdict(SAME, rule=HIDDEN_ORDER if hidden else None)
    rule = rule_for(level, text, theirs)
    if rule is not None:
        return Verdict(SAME, rule=rule)
    if zeros_are_open(text) and _same_but_for_zeros(theirs, ours):
        return Verdict(SAME, rule=ZEROS)
    return Verdict("wrong value", f"the same at the level of {level} only")


def _same_but_for_zeros(theirs: Recorded, ours: Answer) -> bool:
    if theirs.rows is None:
        return False
    one, other = (
        print_at("rows", Answer(ours.types, without_sign_of_zero(rows)), theirs.keys)
        for rows in (theirs.rows, ours.rows)
    )
    return one == other


def _in_sequence(theirs: Recorded, ours: Answer) -> bool:
    return len(ours.rows) < 2 or (
        theirs.rows is not None and json_text(theirs.rows) == json_text(ours.rows)
    )
