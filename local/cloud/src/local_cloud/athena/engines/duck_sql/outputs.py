"""What a SELECT puts out: expressions, `*` and `t.*` (StatementAnalyzer.analyzeSelect)."""

from dataclasses import dataclass

from local_cloud.athena.engines.duck_sql.relation import Planner
from local_cloud.athena.sql.analysis.column_names import dotted, field_of
from local_cloud.athena.sql.analysis.expressions import analysed
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.ir import Expr
from trino_sql import tree


@dataclass(frozen=True, slots=True)
class SelectOutput:
    """An output column: its name, where it has one, and what it computes."""

    name: str | None
    value: Expr


def outputs(
    planner: Planner,
    scope: Scope,
    items: tuple[tree.SingleColumn | tree.AllColumns, ...],
    from_: tree.Relation | None,
    at: int,
) -> list[SelectOutput]:
    found: list[SelectOutput] = []
    for item in items:
        if isinstance(item, tree.AllColumns):
            found += _all_columns(planner, scope, item, from_ is not None)
        else:
            value = analysed(planner.context, scope, item.expression)
            found.append(SelectOutput(_output_name(item), value))
    return found


def _output_name(item: tree.SingleColumn) -> str | None:
    if item.alias is not None:
        return item.alias.name
    if isinstance(item.expression, tree.Identifier):
        return item.expression.name
    if isinstance(item.expression, tree.Dereference) and dotted(item.expression):
        return item.expression.field.name
    return None


def _all_columns(
    planner: Planner, scope: Scope, item: tree.AllColumns, has_from: bool
) -> list[SelectOutput]:
    if item.target is None:
        return _plain_star(planner, scope, item, has_from)
    parts = dotted(item.target)
    found = _of_relation(planner, scope, parts, item.at) if parts is not None else None
    if found is None:
        found = _fields_of_row(planner, scope, item.target, item.at)
    return _labelled(planner, item, found)


def _plain_star(
    planner: Planner, scope: Scope, item: tree.AllColumns, has_from: bool
) -> list[SelectOutput]:
    context = planner.context
    if item.aliases:
        raise context.error("NOT_SUPPORTED", "Column aliases not supported", item.at)
    if not scope.fields:
        what = "from relation that has no columns" if has_from else "in queries without FROM"
        raise context.error("COLUMN_NOT_FOUND", f"SELECT * not allowed {what}", item.at)
    return [SelectOutput(one.name, one.column) for one in scope.fields]


def _of_relation(
    planner: Planner, scope: Scope, parts: tuple[str, ...], at: int
) -> list[SelectOutput] | None:
    """The columns of the relation that `a.b.*` names; None where it names a row's fields."""
    fields = [one for one in scope.fields if one.has_prefix(parts)]
    is_row = len(parts) >= 2 and any(
        one.has_prefix(parts[:1]) and one.name == parts[1] and one.type.name == "row"
        for one in scope.fields
    )
    if fields and is_row:
        raise planner.context.error(
            "AMBIGUOUS_NAME", f"Reference '{'.'.join(parts)}' is ambiguous", at
        )
    if fields:
        return [SelectOutput(one.name, one.column) for one in fields]
    return None if is_row else _outer_columns(planner, scope, parts, at)


def _fields_of_row(
    planner: Planner, scope: Scope, target: tree.Expression, at: int
) -> list[SelectOutput]:
    value = analysed(planner.context, scope, target)
    if value.type.name != "row":
        raise planner.context.mismatch(
            f"Expected expression of type Row, but it has {value.type} type", at
        )
    return [
        SelectOutput(name, field_of(value, index))
        for index, name in enumerate(value.type.fields)
    ]


def _outer_columns(
    planner: Planner, scope: Scope, parts: tuple[str, ...], at: int
) -> list[SelectOutput]:
    """`t.*` of a relation of a query around this one."""
    outer = scope.parent
    while outer is not None:
        fields = [one for one in outer.fields if one.has_prefix(parts)]
        if fields:
            for one in fields:
                scope.capture(one.column)
            return [SelectOutput(one.name, one.column) for one in fields]
        outer = outer.parent
    raise planner.context.error(
        "TABLE_NOT_FOUND", f"Unable to resolve reference {'.'.join(parts)}", at
    )


def _labelled(
    planner: Planner, item: tree.AllColumns, found: list[SelectOutput]
) -> list[SelectOutput]:
    if not item.aliases:
        return found
    if len(item.aliases) != len(found):
        raise planner.context.error(
            "MISMATCHED_COLUMN_ALIASES",
            f"Column alias list has {len(item.aliases)} entries but relation has {len(found)} "
            "columns",
            item.at,
        )
    # Identifier.getCanonicalValue: these aliases alone are kept in upper case.
    return [
        SelectOutput(alias.name if alias.quoted else alias.name.upper(), one.value)
        for alias, one in zip(item.aliases, found, strict=True)
    ]
