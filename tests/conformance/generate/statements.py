"""One statement from a seed and a number: its theme by the number, everything else by chance."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from tests.conformance.corpus import Text, text_of
from tests.conformance.generate import (
    access,
    conditionals,
    expressions,
    json_forms,
    predicates,
    sets,
    subqueries,
)
from tests.conformance.generate.draw import Draw, dice
from tests.conformance.generate.expressions import DEPTH
from tests.conformance.generate.grouped import grouped
from tests.conformance.generate.node import Node, text, uses_of
from tests.conformance.generate.selects import Query, ended
from tests.conformance.generate.windows import windowed

# Their forms are registered where they are written.
FORMS = (access, conditionals, json_forms, predicates, subqueries)
# Gives a statement; the number says whose turn it is where a theme goes through a list.
Theme = Callable[[Draw, int], Node]


@dataclass(frozen=True)
class Generated:
    """A statement as a tree, and how it was made."""

    seed: int
    index: int
    tree: Node

    @cached_property
    def text(self) -> Text:
        return text_of(text(self.tree))

    @cached_property
    def uses(self) -> frozenset[str]:
        return uses_of(self.tree)


def generated(seed: int, index: int) -> Generated:
    """The statement with this number; the same always, as long as the generator is."""
    turn, slot = divmod(index, len(_SCHEDULE))
    theme, slots, place = _SCHEDULE[slot]
    return Generated(seed, index, theme(dice(seed, index), turn * slots + place))


def _whole(make: Callable[[Draw, int], Query]) -> Theme:
    def made(draw: Draw, place: int) -> Node:
        return ended(draw, make(draw, place), 0.35, 0.4).node

    return made


def _of_sets(draw: Draw, place: int) -> Query:
    del place
    form = draw.weighted(((5, sets.combined), (4, sets.with_), (1, sets.starred)))
    return form(draw, DEPTH)


# (a theme, how many slots it has): two thirds are expressions over one row or one table.
_SHARES: tuple[tuple[Theme, int], ...] = (
    (expressions.scalar, 8),
    (expressions.cast, 3),
    (expressions.literal, 1),
    (expressions.predicate, 2),
    (expressions.free, 1),
    (_whole(lambda draw, place: grouped(draw, (), DEPTH, place)), 3),
    (_whole(lambda draw, place: windowed(draw, (), DEPTH, place)), 2),
    (_whole(lambda draw, _: sets.joined(draw, DEPTH)), 2),
    (_whole(_of_sets), 1),
    (_whole(lambda draw, place: subqueries.filtered_by_query(draw, DEPTH, place)), 1),
)
_SCHEDULE = [(theme, slots, at) for theme, slots in _SHARES for at in range(slots)]
