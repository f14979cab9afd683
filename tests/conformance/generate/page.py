"""What the parts of the long run say in `docs/reference/conformance.*`."""

from collections.abc import Iterator, Sequence
from typing import Any

from tests.conformance import ours
from tests.conformance.compare import FAILURES, REFUSED, SAME, SAME_ERROR
from tests.conformance.generate import coverage
from tests.conformance.generate.parts import PARTS, SEED, SIZE, Part
from tests.conformance.generate.run import Figures
from tests.conformance.generate.sides import TOO_SLOW, UNUSABLE
from tests.conformance.report import short, table
from tests.trino_lab.maven import VERSION

COMMAND = "python -m tests.conformance generate --part N"


def _all(parts: Sequence[Part]) -> Figures:
    return sum((one.figures for one in parts), Figures())


def as_json(parts: Sequence[Part]) -> dict[str, Any]:
    """Everything that was counted."""
    figures = _all(parts)
    kinds = figures.kinds
    return {
        "trino": VERSION,
        "engine": ours.ENGINE,
        "command": COMMAND,
        "seed": SEED,
        "parts": {
            str(one.number): {
                "date": one.date,
                "commit": one.commit,
                "queries": one.figures.kinds.total(),
                "silent": one.figures.silent,
                "loud": one.figures.loud,
            }
            for one in parts
        },
        "queries": kinds.total(),
        "same": kinds[SAME],
        "same_error": kinds[SAME_ERROR],
        "unusable": kinds[UNUSABLE],
        "too_slow": kinds[TOO_SLOW],
        "refused": dict(figures.refused.most_common()),
        "weakened": dict(figures.weakened.most_common()),
        "silent": figures.silent,
        "failures": {kind: kinds[kind] for kind in FAILURES},
        "tried": {
            what: [known - len(never), known]
            for what, known, never in coverage.missing(figures.used)
        },
    }


def section(parts: Sequence[Part]) -> Iterator[str]:
    """The page's section."""
    figures = _all(parts)
    kinds = figures.kinds
    yield ""
    yield (
        f"Made by `{COMMAND}`, {len(parts)} of {PARTS} parts of {SIZE:,} queries:"
        f" Trino {VERSION} beside {ours.ENGINE}, seed {SEED}."
    )
    yield ""
    yield (
        "Typed queries by chance (`tests/conformance/generate/`): operators, literals, casts,"
        " functions, aggregates, windows, joins, grouping, subqueries and set operations over"
        " odd values. Both sides are asked at once; a difference is cut down to its cause."
        " What the local Athena refuses is not asked of Trino."
    )
    yield ""
    yield from table(
        "what",
        "queries",
        {
            "queries": kinds.total(),
            "the same types and values": kinds[SAME],
            "the same error": kinds[SAME_ERROR],
            "refused by name": kinds[REFUSED],
            "not usable: Trino itself fails": kinds[UNUSABLE],
            "**answered in another way than by Trino**": figures.silent,
            "both fail, each with another error": kinds["other error"],
            "fails where Trino leaves out the part that fails": kinds[
                "error where Trino answers"
            ],
            "ends without a word": kinds["crash"],
            "no answer within a minute": kinds[TOO_SLOW],
        },
    )
    yield (
        "Which of several errors a query ends with, and whether it comes to the part that"
        " fails, follows from the order in which an engine computes: SQL leaves it open, and"
        " Trino's own order follows its plan. Neither can be taken for an answer."
    )
    yield ""
    yield "| part | queries | answered in another way | failed in another way | commit | date |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for one in parts:
        done = one.figures
        yield (
            f"| {one.number} | {done.kinds.total():,} | {done.silent} | {done.loud}"
            f" | {one.commit} | {one.date} |"
        )
    yield ""
    yield "| tried in queries that both answered | of |"
    yield "| --- | --- |"
    for what, known, never in coverage.missing(figures.used):
        yield f"| {known - len(never):,} {what} | {known:,} |"
    yield ""
    yield from table(
        "refused: the local Athena does not support", "queries", short(figures.refused)
    )
