"""What a statement makes without reading it: rows out of nothing, long arrays, long texts.

A limit on scanned bytes ends none of that, so it is bounded here, from above and from the text
alone. Sizes are in characters and elements; whatever a table holds counts as one, since it was
scanned. Everything is multiplied through joins, lambdas, subqueries and the WITH queries that are
read in several places, since Trino puts a WITH query in each place that reads it.
"""

from collections.abc import Callable, Mapping
from typing import Any

from query_api.core.growing import at_most, most_of
from query_api.core.value_growth import Made, ValueGrowth
from trino_sql import tree
from trino_sql.tree import Expression, Relation

MAX_ROWS = 10_000
MAX_TABLES_READ = 64
MAX_EXPANDED = 20_000


class Growth(ValueGrowth):
    """Follows one statement; RefusedSqlError where something grows beyond the bounds."""

    def __init__(self) -> None:
        super().__init__()
        self._named: dict[str, Made] = {}

    def query(self, node: tree.Query) -> Made:
        """The bounds of a query. What its WITH names is known inside of it alone."""
        before = dict(self._named)
        if node.with_ is not None:
            for one in node.with_.queries:
                self._named[one.name.name.lower()] = self.query(one.query)
        found = self.relation(node.body)
        self._tail(node.tail)
        self._named = before
        return found

    def relation(self, node: Relation) -> Made:
        """The bounds of a relation. Where the rows are made they are checked."""
        found = _RELATIONS[type(node)](self, node)
        at_most(found.rows * self._times, MAX_ROWS, "rows out of nothing")
        at_most(found.tables, MAX_TABLES_READ, "tables read, WITH queries put in")
        at_most(found.nodes, MAX_EXPANDED, "parts, WITH queries put in")
        return found

    def _table(self, node: tree.Table) -> Made:
        if len(node.name.parts) == 1:
            named = self._named.get(node.name.text)
            if named is not None:
                return named
        return Made(tables=1)

    def _aliased(self, node: tree.Aliased) -> Made:
        return self.relation(node.relation)

    def _subquery(self, node: tree.TableSubquery) -> Made:
        return self.query(node.query)

    def _values(self, node: tree.Values) -> Made:
        sizes = [self.size(one) for one in node.rows]
        return Made(len(node.rows), most_of(sizes).total, 0, len(node.rows))

    def _unnest(self, node: tree.Unnest) -> Made:
        sizes = [self.size(one) for one in node.expressions]
        return Made(most_of(sizes).total, max(one.each for one in sizes))

    def _join(self, node: tree.Join) -> Made:
        left = self.relation(node.left)
        outer, self._width = self._width, max(self._width, left.width)
        # What the right side makes for each row of the left one: UNNEST of its columns.
        right = self.relation(node.right)
        both = Made(
            left.rows * right.rows,
            max(left.width, right.width),
            left.tables + right.tables,
            left.nodes + right.nodes,
        )
        self._width = max(self._width, both.width)
        if isinstance(node.criteria, tree.JoinOn):
            self.size(node.criteria.condition)
        self._width = outer
        return both

    def _set(self, node: tree.SetOperation) -> Made:
        left, right = self.relation(node.left), self.relation(node.right)
        return Made(
            left.rows + right.rows,
            max(left.width, right.width),
            left.tables + right.tables,
            left.nodes + right.nodes,
        )

    def _select(self, node: tree.Select) -> Made:
        around = self._width, self._times, self._inner, self._from_rows
        found = self.relation(node.from_) if node.from_ is not None else Made()
        self._width, self._inner = max(self._width, found.width), Made(nodes=0)
        self._times, self._from_rows = self._times * found.rows, found.rows
        widths = [self._item(one, found.width) for one in node.items]
        for one in (node.where, node.group_by, node.having, *node.windows, node.tail):
            self._rest(one)
        sets = _grouping_sets(node.group_by)
        inner = self._inner
        self._width, self._times, self._inner, self._from_rows = around
        return Made(
            found.rows * sets,
            max([1, *widths]),
            found.tables + inner.tables,
            found.nodes + inner.nodes + len(node.items),
        )

    def _item(self, node: tree.SingleColumn | tree.AllColumns, width: int) -> int:
        if isinstance(node, tree.SingleColumn):
            return self.size(node.expression).total
        return width if node.target is None else self.size(node.target).total

    def _tail(self, node: tree.Tail) -> None:
        for item in node.order:
            self.size(item.key)

    def _rest(self, node: Any) -> None:
        """Whatever stands beside the columns: its expressions are done once a row, too."""
        if isinstance(node, Expression):
            self.size(node)
        elif isinstance(node, tuple):
            for one in node:
                self._rest(one)
        elif isinstance(node, tree.Node):
            for one in tree.parts(node).values():
                self._rest(one)


def _grouping_sets(group_by: tree.GroupBy | None) -> int:
    """How often GROUP BY gives each row: the sets of each element, multiplied."""
    times = 1
    for one in group_by.elements if group_by is not None else ():
        times *= len(one.sets) + 1 if one.kind != "SIMPLE" else 1
    return times


_RELATIONS: Mapping[type[Relation], Callable[[Growth, Any], Made]] = {
    tree.Table: Growth._table,
    tree.Aliased: Growth._aliased,
    tree.TableSubquery: Growth._subquery,
    tree.Values: Growth._values,
    tree.Unnest: Growth._unnest,
    tree.Join: Growth._join,
    tree.SetOperation: Growth._set,
    tree.Select: Growth._select,
}


def check_growth(query: tree.Query) -> None:
    """Refuse what makes more than the bounds (`sql_too_complex`) or what nobody can bound."""
    Growth().query(query)
