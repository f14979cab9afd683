"""What a run of generated queries says in `docs/reference/conformance.*`."""

from collections.abc import Iterator
from typing import Any

from tests.conformance.compare import FAILURES, REFUSED, SAME, SAME_ERROR
from tests.conformance.generate import coverage
from tests.conformance.generate.run import Figures, Wanted
from tests.conformance.generate.sides import UNUSABLE
from tests.conformance.report import Run, short, table

COMMAND = "python -m tests.conformance generate --report"


def as_json(made: Run, wanted: Wanted, figures: Figures) -> dict[str, Any]:
    """Everything that was counted."""
    kinds = figures.kinds
    return {
        "trino": made.trino,
        "engine": made.engine,
        "date": made.date,
        "command": COMMAND,
        "seed": wanted.seed,
        "from": wanted.start,
        "queries": kinds.total(),
        "same": kinds[SAME],
        "same_error": kinds[SAME_ERROR],
        "unusable": kinds[UNUSABLE],
        "refused": dict(figures.refused.most_common()),
        "weakened": dict(figures.weakened.most_common()),
        "failures": {kind: kinds[kind] for kind in FAILURES},
        "tried": {
            what: [known - len(never), known]
            for what, known, never in coverage.missing(figures.used)
        },
    }


def section(made: Run, wanted: Wanted, figures: Figures) -> Iterator[str]:
    """The page's section."""
    kinds = figures.kinds
    yield ""
    yield (
        f"Made by `{COMMAND}` on {made.date}: Trino {made.trino} beside {made.engine},"
        f" seed {wanted.seed}."
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
            "others": figures.failures,
        },
    )
    yield "| tried in queries that both answered | of |"
    yield "| --- | --- |"
    for what, known, never in coverage.missing(figures.used):
        yield f"| {known - len(never):,} {what} | {known:,} |"
    yield ""
    yield from table(
        "refused: the local Athena does not support", "queries", short(figures.refused)
    )
