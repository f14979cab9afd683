"""SELECT as a source: what it needs of its FROM for some of its columns, and which conditions it lets through."""

from collections.abc import Sequence, Set
from functools import cached_property
from typing import Any

from query_api.core.read_scopes import (
    Around,
    Scope,
    every,
    gathers,
    is_aggregate,
    parts_of,
    use,
)
from query_api.core.read_sources import Field, Nothing, Reads, Source, without_limits
from query_api.core.terms import UNKNOWN, Term, columns_of, conjuncts, renamed, term_of
from trino_sql import tree


class Selected(Source):
    """SELECT: its columns are those of its items."""

    def __init__(self, node: tree.Select, around: Around, *, is_whole: bool) -> None:
        self._node, self._around, self._is_whole = node, around, is_whole
        self._from = Nothing() if node.from_ is None else around.relation(node.from_, around)
        self._items = [one for item in node.items for one in self._expanded(item)]
        self.fields = tuple(Field(name) for name, _ in self._items)

    def read(self, places: Set[int], where: Sequence[Term], into: Reads) -> None:
        node = self._node
        scope = Scope(self._from.fields, self._around.outer)
        before = into.why_less
        wanted = range(len(self._items)) if node.distinct else sorted(places)
        for at in wanted:
            self._use(self._items[at][1], scope, into)
        for one in self._besides():
            self._use(one, scope, into)
        own = conjuncts(term_of(node.where, scope.term)) if node.where is not None else []
        pushed = [self._below(one, scope) for one in where]
        asked = [one for one in (*own, *pushed) if one != UNKNOWN]
        into.why_less = before if self._streams else without_limits(before)
        if node.tail.limit is not None and self._streams:
            into.why_less = (*into.why_less, "limit")
        self._from.read(scope.used, asked, into)
        into.why_less = before

    def _expanded(
        self, item: tree.SingleColumn | tree.AllColumns
    ) -> list[tuple[str | None, tree.Expression | int]]:
        """(name, expression or place of FROM) of an item."""
        if isinstance(item, tree.SingleColumn):
            parts = parts_of(item.expression)
            name = item.alias.name if item.alias else (parts[-1] if parts else None)
            return [(None if name is None else name.lower(), item.expression)]
        label = tuple(parts_of(item.target)) if item.target is not None else ()
        return [
            (one.name, at)
            for at, one in enumerate(self._from.fields)
            if one.label[len(one.label) - len(label) :] == label
        ]

    def _use(self, expression: tree.Expression | int, scope: Scope, into: Reads) -> None:
        if isinstance(expression, int):
            scope.used.add(expression)
        else:
            use(expression, scope, self._around, into)

    def _besides(self) -> list[tree.Expression | int]:
        """All that is computed of the rows beside the items."""
        node = self._node
        found: list[Any] = [node.where, node.having]
        found += [self._meant(one) for one in self._group_keys()]
        if self._is_ordered:
            found += [self._meant(item.key) for item in node.tail.order]
        for one in node.windows:
            found += [*one.window.partition, *(item.key for item in one.window.order)]
        return [one for one in found if one is not None]

    def _group_keys(self) -> list[tree.Expression]:
        by = self._node.group_by
        return [] if by is None else [one for e in by.elements for s in e.sets for one in s]

    def _meant(self, key: tree.Expression) -> tree.Expression | int:
        """A key of GROUP BY or ORDER BY: an item by its number or, where no column is called so, its name."""
        if isinstance(key, tree.IntegerLiteral) and 1 <= key.value <= len(self._items):
            return self._items[key.value - 1][1]
        if isinstance(key, tree.Identifier):
            named = [expr for name, expr in self._items if name == key.name.lower()]
            if named and not self._names.own([key.name.lower()]):
                return named[0]
        return key

    @property
    def _is_ordered(self) -> bool:
        """Whether its rows are sorted: an order that nobody sees is not made."""
        tail = self._node.tail
        is_seen = self._is_whole or tail.limit is not None or tail.offset is not None
        return is_seen and bool(tail.order)

    @cached_property
    def _streams(self) -> bool:
        """Whether a LIMIT can end the reading: nothing waits for all of the rows."""
        node = self._node
        waits = self._is_ordered or node.group_by or node.distinct
        return not waits and not any(map(gathers, self._expressions()))

    def _expressions(self) -> list[tree.Node]:
        items = [one for _, one in self._items if not isinstance(one, int)]
        return [*items, *([self._node.having] if self._node.having is not None else [])]

    def _below(self, term: Term, scope: Scope) -> Term:
        """A condition on the items as one on the rows of FROM; unknown where it must stay above."""
        node = self._node
        if node.tail.limit is not None or node.tail.offset is not None:
            return UNKNOWN
        inner = [self._items[at][1] for at in columns_of(term)]
        if not all(map(self._passes, inner)):
            return UNKNOWN

        def item(at: int) -> Term:
            expression = self._items[at][1]
            if isinstance(expression, int):
                return ("column", expression)
            return term_of(expression, scope.term)

        return renamed(term, item)

    def _passes(self, item: tree.Expression | int) -> bool:
        """Whether a condition on this item may be asked before groups and windows are made."""
        if self._node.group_by is not None:
            return self._is_simple and item in self._keys
        return not self._aggregates and all(
            isinstance(one, tree.WindowSpecification) and item in one.partition
            for one in self._windows
        )

    @cached_property
    def _names(self) -> Scope:
        return Scope(self._from.fields, None)

    @cached_property
    def _keys(self) -> list[tree.Expression | int]:
        return [self._meant(one) for one in self._group_keys()]

    @cached_property
    def _is_simple(self) -> bool:
        by = self._node.group_by
        return by is None or all(one.kind == "SIMPLE" for one in by.elements)

    @cached_property
    def _aggregates(self) -> bool:
        return any(is_aggregate(part) for one in self._expressions() for part in every(one))

    @cached_property
    def _windows(self) -> list[tree.WindowReference | tree.WindowSpecification]:
        parts = [part for one in self._expressions() for part in every(one)]
        found = [part.window for part in parts if isinstance(part, tree.FunctionCall)]
        return [one for one in found if one is not None]
