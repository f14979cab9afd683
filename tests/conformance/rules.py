"""Which weaker comparison a statement allows, and why: SQL does not settle everything.

| rule | where | what is compared then |
| --- | --- | --- |
| two runs differ | Trino's own two runs, over rows in two orders, differ | what was the same in both |
| sums of doubles | the statement aggregates, and doubles or reals come out | 12 (5) digits |
| last digits of a function | `sin`, `exp`, `ln`, `pow` and the like: java.lang.Math lets them miss by a step | 12 (5) digits |
| the zero of a group | GROUP BY, DISTINCT, UNION: -0.0 and 0.0 are one key | all but zeros' signs |
| gathered arrays | `array_agg` without ORDER BY, and its like | arrays as multisets |
| picked rows | `arbitrary`, `any_value`, TABLESAMPLE | types and number of rows |
| cut off in order | LIMIT, FETCH or OFFSET behind an ORDER BY of output columns | these columns, in order |
| cut off | any other LIMIT, FETCH, OFFSET | types and number of rows |
| of the moment | clocks, chance, the session's names | types and number of rows |
| chosen by chance | random numbers and a condition | types |

A weaker comparison counts only where the strict one fails: each is then reported by its rule.
"""

from collections.abc import Iterator

from tests.conformance.canonical import LEVELS
from tests.conformance.recorded import Recorded
from tests.conformance.statement_text import (
    COLLECTING,
    DRAWING,
    MISSING,
    PASSING,
    PICKING,
    SUMMING,
    Traits,
)

PICKED = "picked rows"
ZEROS = "the zero of a group"
SUMS, MISSES = "sums of doubles", "last digits of a function"
MOMENT, CHANCE = "of the moment", "chosen by chance"
# These allow two runs of one Trino to differ.
BY_CHANCE = (MOMENT, CHANCE)
# Not a level but a loss: the order of rows by something that is not among the output columns.
HIDDEN_ORDER = "ordered by what is not shown"


def allowed(text: Traits, record: Recorded) -> Iterator[tuple[str, str]]:
    """(rule, the weakest level that it allows) for each rule that the statement meets."""
    if record.settled != "rows":
        yield "two runs differ", record.settled
    if any("double" in one or "real" in one for one in record.types):
        yield from _digits(text)
    if text.gathers:
        yield "gathered arrays", "arrays"
    if text.words & PICKING:
        yield PICKED, "count"
    yield from _cut_off(text, record)
    if text.words & PASSING:
        yield MOMENT, "count"
    if text.words & DRAWING and "where" in text.words:
        yield CHANCE, "types"


def _digits(text: Traits) -> Iterator[tuple[str, str]]:
    if text.words & SUMMING:
        yield SUMS, "digits"
    if text.words & MISSING:
        yield MISSES, "digits"


def _cut_off(text: Traits, record: Recorded) -> Iterator[tuple[str, str]]:
    if text.cut_at_top and not text.cut_below and order_is_shown(text, record):
        yield "cut off in order", "keys"
    elif text.cut_at_top or text.cut_below:
        yield "cut off", "count"


def rule_for(level: str, text: Traits, record: Recorded) -> str | None:
    """The first rule that is content with this level."""
    needed = LEVELS.index(level)
    return next(
        (name for name, weakest in allowed(text, record) if LEVELS.index(weakest) >= needed),
        None,
    )


def zeros_are_open(text: Traits) -> bool:
    """Whether rows are gathered by their values: of two zeros any one stands for both then."""
    return not text.words.isdisjoint(COLLECTING)


def order_is_shown(text: Traits, record: Recorded) -> bool:
    """Whether every item of the top-level ORDER BY is an output column."""
    return text.order is not None and len(record.keys) == len(text.order)


def order_is_hidden(text: Traits, record: Recorded) -> bool:
    """Whether there is an order of which a part cannot be seen in the answer."""
    return text.order is not None and len(record.keys) < len(text.order)
