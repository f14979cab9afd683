"""GROUP BY: keys, and the sets of them (StatementAnalyzer.analyzeGroupBy)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

from local_cloud.athena.engines.duck_sql import ordering, sealing
from local_cloud.athena.engines.duck_sql.relation import Planner
from local_cloud.athena.engines.duck_sql.representation import cast
from local_cloud.athena.engines.duck_sql.scalars import refuse_aggregates
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import analysed
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.ir import Aggregate, ColumnRef, Expr, Grouping, WindowFunction, walk
from trino_sql import tree

# Analyzer's max_grouping_sets
MAX_SETS = 2048
# DuckDB keeps a table of groups for each of them.
MAX_LOCAL_SETS = 256
Keys = tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Groups:
    """`keys` by expression; `sets` are the grouping sets, None where there is just one of all."""

    keys: dict[Expr, ColumnRef]
    sets: tuple[tuple[str, ...], ...] | None

    def keyed(self, planner: Planner, sql: str) -> str:
        """`sql` with a column for each key that is no plain column already."""
        added = []
        for key, column in self.keys.items():
            if key != column:
                added.append(f"{planner.text.of(key)} AS {column.name}")
        if added:
            sql = f"SELECT *, {', '.join(added)} FROM ({sql})"
        odd = [
            f"{ordering.group_value(planner.text, one.name, one.type)} AS {one.name}k"
            for one in self.keys.values()
            if not ordering.groups_as_is(one.type)
        ]
        return f"SELECT *, {', '.join(odd)} FROM ({sql})" if odd else sql

    def kept(self, planner: Planner) -> list[tuple[str, str]]:
        """(SQL, name) of each key in the grouped SELECT."""
        return [(self._kept(planner, one), one.name) for one in self.keys.values()]

    def _kept(self, planner: Planner, key: ColumnRef) -> str:
        if ordering.groups_as_is(key.type):
            return key.name
        value = sealing.sealed(planner.text, key.name, key.type)
        found = f"first({value})"
        if self.sets is not None:
            # DuckDB does not know that the value goes with its key.
            found = f"CASE WHEN grouping({_grouping_name(key)}) = 0 THEN {found} END"
        return sealing.opened(planner.text, found, key.type)

    def everywhere(self) -> frozenset[Expr]:
        """The keys that are in every set."""
        sets = self.sets or (tuple(map(_grouping_name, self.keys.values())),)
        return frozenset(
            key
            for key, column in self.keys.items()
            if all(_grouping_name(column) in one for one in sets)
        )

    def asked_early(self) -> frozenset[ColumnRef]:
        """The keys about which Trino asks the rows instead of the groups.

        None where a set is empty (PredicatePushDown.visitAggregation).
        """
        return frozenset() if () in (self.sets or ()) else frozenset(self.keys.values())

    def clause(self) -> str:
        names = [_grouping_name(one) for one in self.keys.values()]
        if self.sets is None:
            return f" GROUP BY {', '.join(names)}" if names else ""
        listed = ", ".join(f"({', '.join(one)})" for one in self.sets)
        return f" GROUP BY GROUPING SETS ({listed})"

    def operation(self, planner: Planner, of: Grouping, at: int) -> str:
        """grouping(…): DuckDB's has the same bits."""
        for one in of.keys:
            if one not in self.keys or not isinstance(one, ColumnRef):
                raise planner.context.error(
                    "INVALID_ARGUMENTS",
                    "The arguments to GROUPING() must be expressions referenced by the GROUP BY",
                    at,
                )
        if not of.keys or self.sets is None:
            return cast("0", of.type)
        names = ", ".join(_grouping_name(self.keys[one]) for one in of.keys)
        return cast(f"grouping({names})", of.type)


def _grouping_name(column: ColumnRef) -> str:
    """What DuckDB groups by: the column, or one that is equal where Trino's values are."""
    return column.name if ordering.groups_as_is(column.type) else f"{column.name}k"


def grouping_without_groups(context: AnalysisContext, at: int) -> QueryError:
    """grouping(…) where nothing is grouped."""
    return context.error(
        "MISSING_GROUP_BY",
        "A GROUPING() operation can only be used with a corresponding "
        "GROUPING SET/CUBE/ROLLUP/GROUP BY clause",
        at,
    )


def grouped(
    planner: Planner, scope: Scope, node: tree.GroupBy | None, outputs: Sequence[Expr]
) -> Groups | None:
    if node is None:
        return None
    lists, everywhere = _lists(planner, scope, node, outputs)
    listed = [key for some in lists for keys in some for key in keys]
    found = _key_columns(planner, [*listed, *everywhere], node.at)
    sets = _product(lists, everywhere)
    if node.distinct:
        sets = list({frozenset(one): one for one in sets}.values())
    if len(sets) == 1 and len(sets[0]) == len(found):
        return Groups(found, None)
    named = tuple(tuple(_grouping_name(found[key]) for key in one) for one in sets)
    return Groups(found, named)


def _lists(
    planner: Planner, scope: Scope, node: tree.GroupBy, outputs: Sequence[Expr]
) -> tuple[list[list[Keys]], list[Expr]]:
    """The sets of columns that each element gives, and the keys that are in all sets."""
    lists: list[list[Keys]] = []
    everywhere: list[Expr] = []
    for element in node.elements:
        if element.kind in ("SIMPLE", "AUTO"):
            for key in _simple(planner, scope, element, outputs):
                if isinstance(key, ColumnRef):
                    lists.append([(key,)])
                else:
                    everywhere.append(key)
        else:
            sets = [_columns(planner, scope, one) for one in element.sets]
            _check_count(2 ** len(sets) if element.kind == "CUBE" else len(sets) + 1)
            lists.append(_expanded(element.kind, sets))
    return lists, everywhere


def _key_columns(planner: Planner, keys: Sequence[Expr], at: int) -> dict[Expr, ColumnRef]:
    """Each key, with the column that holds it."""
    found: dict[Expr, ColumnRef] = {}
    for one in keys:
        if not t.is_comparable(one.type):
            raise planner.context.mismatch(
                f"{one.type} is not comparable, and therefore cannot be used in GROUP BY", at
            )
        if one not in found:
            found[one] = one if isinstance(one, ColumnRef) else planner.column(one.type)
    return found


def _product(lists: Sequence[Sequence[Keys]], everywhere: Sequence[Expr]) -> list[Keys]:
    count = 1
    for one in lists:
        count *= len(one)
    _check_count(count)
    found = []
    for parts in product(*lists):
        keys: dict[Expr, None] = {}
        for part in parts:
            keys |= dict.fromkeys(part)
        found.append((*keys, *dict.fromkeys(everywhere)))
    return found


def _check_count(count: int) -> None:
    if count > MAX_SETS:
        raise QueryError(
            "TOO_MANY_GROUPING_SETS",
            f"GROUP BY has {count} grouping sets but can contain at most {MAX_SETS}",
        )
    if count > MAX_LOCAL_SETS:
        raise not_supported(f"more than {MAX_LOCAL_SETS} grouping sets")


def _expanded(kind: str, sets: list[Keys]) -> list[Keys]:
    if kind == "SETS":
        return sets
    if kind == "ROLLUP":
        chosen = [sets[:count] for count in range(len(sets), -1, -1)]
    else:
        chosen = [
            list(some)
            for count in range(len(sets), -1, -1)
            for some in combinations(sets, count)
        ]
    return [tuple(key for one in some for key in one) for some in chosen]


def _simple(
    planner: Planner, scope: Scope, element: tree.GroupingElement, outputs: Sequence[Expr]
) -> list[Expr]:
    if element.kind == "AUTO":
        assert element.sets == ()
        return [one for one in outputs if not any(isinstance(p, Aggregate) for p in walk(one))]
    found = []
    for node in element.sets[0]:
        if isinstance(node, tree.IntegerLiteral):
            found.append(_numbered(planner.context, node, outputs))
        else:
            refuse_aggregates(planner.context, node, "GROUP BY clause")
            found.append(analysed(planner.context, scope, node))
    return found


def _numbered(
    context: AnalysisContext, node: tree.IntegerLiteral, outputs: Sequence[Expr]
) -> Expr:
    """The output that GROUP BY names by its number."""
    if not 1 <= node.value <= len(outputs):
        raise context.error(
            "INVALID_COLUMN_REFERENCE",
            f"GROUP BY position {node.value} is not in select list",
            node.at,
        )
    key = outputs[node.value - 1]
    if any(isinstance(one, (Aggregate, Grouping, WindowFunction)) for one in walk(key)):
        raise context.error(
            "EXPRESSION_NOT_SCALAR",
            "GROUP BY clause cannot contain aggregations, window functions or grouping operations",
            node.at,
        )
    return key


def _columns(planner: Planner, scope: Scope, nodes: Keys | tuple[tree.Expression, ...]) -> Keys:
    found = []
    for node in nodes:
        assert isinstance(node, tree.Expression)
        key = analysed(planner.context, scope, node)
        if not isinstance(key, ColumnRef):
            raise planner.context.error(
                "INVALID_COLUMN_REFERENCE",
                "GROUP BY expression must be a column reference",
                node.at,
            )
        found.append(key)
    return tuple(found)
