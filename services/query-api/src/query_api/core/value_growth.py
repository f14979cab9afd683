"""How large the value of an expression may be, from above and from the text alone."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from query_api.core.call_growth import CallGrowth
from query_api.core.growing import (
    ONE,
    Size,
    at_most,
    harm_of_path,
    most_of,
    plain_format,
    sum_of,
)
from query_api.core.problems import RefusedSqlError
from trino_sql import tree
from trino_sql.tree import Expression

MAX_VALUE = 1_000_000


@dataclass(frozen=True, slots=True)
class Made:
    """A relation: rows made for each one scanned, the largest value in it, tables read, nodes."""

    rows: int = 1
    width: int = 1
    tables: int = 0
    nodes: int = 1


class ValueGrowth(CallGrowth):
    """The rules of expressions. `query` is that of `Growth`."""

    def __init__(self) -> None:
        super().__init__()
        # The largest value of the columns that are in reach.
        self._width = 1
        # Of the query that is looked at: its subqueries and nodes.
        self._inner = Made(nodes=0)

    def query(self, node: tree.Query) -> Made:
        raise NotImplementedError

    def size(self, node: Expression) -> Size:
        """How large a value may be; what makes it is checked."""
        self._inner = replace(self._inner, nodes=self._inner.nodes + 1)
        rule = _EXPRESSIONS.get(type(node))
        found = rule(self, node) if rule is not None else self._of_parts(node)
        at_most(found.total, MAX_VALUE, "elements or characters in one value")
        return found

    def _of_parts(self, node: tree.Node) -> Size:
        """A value that is no larger than the largest of those it is made of."""
        return most_of(self._sizes(tree.parts(node).values()))

    def _sizes(self, values: Iterable[Any]) -> list[Size]:
        found: list[Size] = []
        for one in values:
            if isinstance(one, Expression):
                found.append(self.size(one))
            elif isinstance(one, tree.Query):
                found.append(self._nested(one))
            elif isinstance(one, tree.Node):
                found += self._sizes(tree.parts(one).values())
            elif isinstance(one, tuple):
                found += self._sizes(one)
        return found

    def _sum(self, node: tree.Node) -> Size:
        return sum_of(self._sizes(tree.parts(node).values()))

    def _one(self, node: tree.Node) -> Size:
        """A number, a moment or a truth value, whatever it is made of."""
        self._sizes(tree.parts(node).values())
        return ONE

    def _identifier(self, node: tree.Identifier) -> Size:
        return self._variables.get(node.name.lower(), Size(self._width, self._width))

    def _dereference(self, node: tree.Dereference) -> Size:
        return self.size(node.base)

    def _literal(self, node: tree.StringLiteral) -> Size:
        return Size(max(1, len(node.value)), 1)

    def _cast(self, node: tree.Cast) -> Size:
        inner = self.size(node.value)
        # JSON and text escape one another's quotes.
        return Size(inner.total * 2, inner.each * 2) if inner.total > 1 else inner

    def _array(self, node: tree.Array) -> Size:
        sizes = [self.size(one) for one in node.items]
        return Size(max(1, sum_of(sizes).total), most_of(sizes).total)

    def _format(self, node: tree.Format) -> Size:
        pattern = node.items[0]
        if not isinstance(pattern, tree.StringLiteral) or not plain_format(pattern.value):
            raise RefusedSqlError(
                "function", "format needs a literal whose widths have at most three digits"
            )
        # One argument may be put in as often as there are signs for it.
        most = most_of(self._sizes(node.items)).total
        return Size((most + 1000) * max(1, pattern.value.count("%")), 1)

    def _json_path(self, node: tree.Node) -> Size:
        for one in tree.parts(node).values():
            if isinstance(one, tree.JsonPath) and (harm := harm_of_path(one.text)) is not None:
                raise RefusedSqlError("function", f"not allowed in a JSON path: {harm}")
        return self._of_parts(node)

    def _listagg(self, node: tree.ListAgg) -> Size:
        inner = self._of_parts(node)
        return self._making(Size((inner.total + len(node.separator)) * self._from_rows, 1))

    def _nested_query(self, node: Any) -> Size:
        sizes = self._sizes([one for one in tree.parts(node).values() if one is not node.query])
        inner = self._nested(node.query)
        return most_of([*sizes, inner]) if isinstance(node, tree.ScalarSubquery) else ONE

    def _nested(self, query: tree.Query) -> Size:
        """A query inside of an expression: it may be done again for each row."""
        around, self._inner = self._inner, Made(nodes=0)
        found = self.query(query)
        self._inner = Made(
            1, 1, around.tables + found.tables, around.nodes + found.nodes + self._inner.nodes
        )
        return Size(found.width, found.width)

    def _lambda(self, node: tree.Lambda) -> Size:
        """A lambda where no function says what it is given."""
        return self._body(node, [Size(self._width, self._width)], 1)


_EXPRESSIONS: Mapping[type[tree.Node], Callable[[ValueGrowth, Any], Size]] = {
    tree.Identifier: ValueGrowth._identifier,
    tree.Dereference: ValueGrowth._dereference,
    tree.StringLiteral: ValueGrowth._literal,
    tree.Cast: ValueGrowth._cast,
    tree.Array: ValueGrowth._array,
    tree.Row: ValueGrowth._sum,
    tree.JsonObject: ValueGrowth._sum,
    tree.JsonArray: ValueGrowth._sum,
    tree.JsonExists: ValueGrowth._json_path,
    tree.JsonValue: ValueGrowth._json_path,
    tree.JsonQuery: ValueGrowth._json_path,
    tree.Format: ValueGrowth._format,
    tree.ListAgg: ValueGrowth._listagg,
    tree.Lambda: ValueGrowth._lambda,
    tree.FunctionCall: ValueGrowth._call,
    tree.ScalarSubquery: ValueGrowth._nested_query,
    tree.InSubquery: ValueGrowth._nested_query,
    tree.Exists: ValueGrowth._nested_query,
    tree.QuantifiedComparison: ValueGrowth._nested_query,
    **dict.fromkeys(
        (
            tree.Logical,
            tree.Not,
            tree.Comparison,
            tree.DistinctFrom,
            tree.Between,
            tree.IsNull,
            tree.Like,
            tree.InList,
            tree.Arithmetic,
            tree.Extract,
            tree.IntegerLiteral,
        ),
        ValueGrowth._one,
    ),
}
