"""How large what a call gives may be, and how much of it is made."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from query_api.core.functions import REGULAR_EXPRESSIONS
from query_api.core.growing import (
    AGGREGATED,
    BOUNDED_ARGUMENTS,
    LAMBDAS,
    ONE,
    SCALARS,
    SUMMED,
    TRIPLED,
    Size,
    at_most,
    most_of,
    sum_of,
)
from query_api.core.moments import literal_integer, values_between
from query_api.core.patterns import harm_of
from query_api.core.problems import RefusedSqlError
from trino_sql import tree
from trino_sql.tree import Expression

MAX_COUNT = 10_000
MAX_MADE = 10_000_000
MAX_LAMBDAS = 2
# By so much a state is made larger, to see how often it is in what becomes of it.
_PROBE = 1000


class CallGrowth:
    """The rules of calls. `size` and `_sizes` are those of `ValueGrowth`."""

    def __init__(self) -> None:
        # How often what is looked at is done, and the variables of the lambdas around it.
        self._times = 1
        self._variables: dict[str, Size] = {}
        self._lambdas = 0
        self._made = 0
        # The rows that the FROM around it makes.
        self._from_rows = 1

    def size(self, node: Expression) -> Size:
        raise NotImplementedError

    def _sizes(self, values: Iterable[Any]) -> list[Size]:
        raise NotImplementedError

    def _body(self, node: tree.Lambda, given: Sequence[Size], times: int) -> Size:
        """The value of a lambda that is called so often, by the sizes of its variables."""
        around, before = dict(self._variables), self._times
        self._lambdas += 1
        at_most(self._lambdas, MAX_LAMBDAS, "lambdas in one another")
        names = [one.name.lower() for one in node.parameters]
        known = [*given, *[given[-1]] * len(names)]
        self._variables |= dict(zip(names, known, strict=False))
        self._times *= max(1, times)
        found = self.size(node.body)
        self._variables, self._times = around, before
        self._lambdas -= 1
        return found

    def _call(self, node: tree.FunctionCall) -> Size:
        self._sizes([node.order, node.filter, node.window])
        name = node.name.text
        if name in _CALLS:
            return _CALLS[name](self, node)
        if name in BOUNDED_ARGUMENTS:
            return self._bounded(node, BOUNDED_ARGUMENTS[name])
        if name in LAMBDAS:
            return self._mapped(node)
        sizes = self._sizes(node.arguments)
        if name in SUMMED:
            return self._making(sum_of(sizes))
        if name in TRIPLED:
            return self._making(Size(most_of(sizes).total * 3, 1))
        if name in AGGREGATED:
            each = most_of(sizes)
            return self._making(Size(each.total * self._from_rows, each.total))
        return ONE if name in SCALARS else most_of(sizes)

    def _making(self, size: Size) -> Size:
        """What is made counts as often as it is made, all of it together."""
        if size.total > 1:
            self._made += size.total * self._times
            at_most(self._made, MAX_MADE, "elements and characters that are made, not read")
        return size

    def _bounded(self, node: tree.FunctionCall, places: tuple[int, ...]) -> Size:
        sizes = self._sizes(node.arguments)
        count = 1
        for place in places:
            count = max(count, self._count(node, place))
        at_most(count, MAX_COUNT, f"of {node.name.text}")
        each = most_of(sizes).total
        return self._making(Size(each * count, each))

    def _count(self, node: tree.FunctionCall, place: int) -> int:
        given = node.arguments[place] if place < len(node.arguments) else None
        count = literal_integer(given) if given is not None else None
        if count is None:
            raise RefusedSqlError(
                "function", f"{node.name.text} needs a literal as argument {place + 1}"
            )
        return max(1, count)

    def _sequence(self, node: tree.FunctionCall) -> Size:
        count = values_between(node.arguments)
        if count is None:
            raise RefusedSqlError("function", "sequence needs literals for its bounds and step")
        at_most(count, MAX_COUNT, "values of a sequence")
        return self._making(Size(count, 1))

    def _replace(self, node: tree.FunctionCall) -> Size:
        sizes = self._sizes(node.arguments)
        put = sizes[2].total if len(sizes) > 2 else 1
        return self._making(Size(most_of(sizes[:1]).total * max(1, put), 1))

    def _joined(self, node: tree.FunctionCall) -> Size:
        """Elements with a separator between each two of them."""
        sizes = self._sizes(node.arguments)
        # array_join(array, separator, instead of null), concat_ws(separator, …)
        between = sizes[1:] if node.name.text == "array_join" else sizes[:1]
        return self._making(Size(sum_of(sizes).total * most_of(between).total, 1))

    def _pattern(self, node: tree.FunctionCall) -> Size:
        pattern = node.arguments[1] if len(node.arguments) > 1 else None
        if not isinstance(pattern, tree.StringLiteral):
            raise RefusedSqlError("function", f"{node.name.text} needs a literal pattern")
        harm = harm_of(pattern.value)
        if harm is not None:
            raise RefusedSqlError("function", f"not allowed in a regular expression: {harm}")
        return self._replace(node) if node.name.text == "regexp_replace" else self._split(node)

    def _split(self, node: tree.FunctionCall) -> Size:
        return most_of(self._sizes(node.arguments[:1]))

    def _mapped(self, node: tree.FunctionCall) -> Size:
        """A lambda over what is in an array or map: once for each element."""
        given = [one for one in node.arguments if not isinstance(one, tree.Lambda)]
        sizes = self._sizes(given)
        over = sum_of(sizes)
        bodies = [
            self._body(one, [Size(over.each, over.each)], over.total)
            for one in node.arguments
            if isinstance(one, tree.Lambda)
        ]
        if node.name.text in SCALARS:
            return ONE
        each = max([over.each, *(one.total for one in bodies)])
        # An array whose elements grow is larger by as much.
        grown = max([1, *(one.total // over.each for one in bodies)])
        return self._making(Size(over.total * grown, each))

    def _reduced(self, node: tree.FunctionCall) -> Size:
        """A state that each element changes. It may take up the element, but not itself twice."""
        given = [one for one in node.arguments if not isinstance(one, tree.Lambda)]
        over = sum_of(self._sizes(given))
        each = Size(over.each, over.each)
        times = over.total if node.name.text == "reduce" else self._from_rows
        grown = 1
        for one in node.arguments:
            if isinstance(one, tree.Lambda):
                grown = max(grown, self._body(one, [each, each], times).total)
                self._check_state(node, one, each)
        return self._making(Size(over.total + times * grown, 1))

    def _check_state(self, node: tree.FunctionCall, one: tree.Lambda, each: Size) -> None:
        """Refuse what holds the state more than once: it would double with each element.

        Of `reduce` the first of two variables is the state; of `reduce_agg` the last lambda joins two
        states.
        """
        if len(one.parameters) < 2:
            return
        states = (0,) if node.name.text == "reduce" else (0, 1)
        small = self._body(one, [each, each], 1).total
        for state in states:
            given = [each, each]
            given[state] = Size(each.total + _PROBE, each.each + _PROBE)
            if self._body(one, given, 1).total - small > _PROBE:
                raise RefusedSqlError(
                    "function", f"{node.name.text} must not double what it gathers"
                )


_CALLS: Mapping[str, Callable[[CallGrowth, tree.FunctionCall], Size]] = {
    "sequence": CallGrowth._sequence,
    "replace": CallGrowth._replace,
    "array_join": CallGrowth._joined,
    "concat_ws": CallGrowth._joined,
    "reduce": CallGrowth._reduced,
    "reduce_agg": CallGrowth._reduced,
    **dict.fromkeys(REGULAR_EXPRESSIONS, CallGrowth._pattern),
}
