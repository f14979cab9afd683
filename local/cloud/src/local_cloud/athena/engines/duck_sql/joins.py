"""Joins, with what LATERAL and UNNEST make of each row of their left side (visitJoin)."""

from local_cloud.athena.engines.duck_sql.correlation import check_correlation, refuse_in_lambdas
from local_cloud.athena.engines.duck_sql.from_clause import JOINED, RELATIONS, aliased, related
from local_cloud.athena.engines.duck_sql.join_criteria import on, using
from local_cloud.athena.engines.duck_sql.join_pushing import Joining
from local_cloud.athena.engines.duck_sql.relation import Planner, Relation, Scan
from local_cloud.athena.engines.duck_sql.unnesting import unnested
from local_cloud.athena.sql.analysis.scope import Scope, clause
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import Expr
from local_cloud.athena.sql.properties import terms_of
from trino_sql import tree


@RELATIONS.rule(tree.Join)
def _join(
    planner: Planner,
    scope: Scope | None,
    at: int,
    *,
    kind: str,
    left: tree.Relation,
    right: tree.Relation,
    criteria: tree.JoinOn | tree.JoinUsing | None,
) -> Relation:
    first = related(planner, scope, left)
    lateral = _lateral_kind(right)
    if lateral is not None and kind in ("RIGHT", "FULL"):
        raise not_supported(f"{kind} JOIN with LATERAL or UNNEST")
    if isinstance(lateral, tree.Unnest):
        if not _always(criteria):
            raise planner.context.error(
                "NOT_SUPPORTED",
                f"{kind} JOIN involving UNNEST is only supported with condition ON TRUE",
                at,
            )
        return _unnest_join(planner, scope, first, kind, right, lateral)
    if lateral is not None:
        if isinstance(criteria, tree.JoinUsing):
            raise not_supported("JOIN LATERAL … USING")
        return _lateral_join(planner, scope, first, kind, right, criteria)
    second = related(planner, scope, right)
    if isinstance(criteria, tree.JoinUsing):
        return using(planner, kind, first, second, criteria.columns)
    fields = (*first.fields, *second.fields)
    terms: tuple[Expr, ...] = ()
    if criteria is not None:
        filled = {"LEFT": second.fields, "RIGHT": first.fields}.get(kind, ())
        terms = terms_of(on(planner, scope, fields, criteria.condition, kind, filled))
    joining = Joining(planner, kind, first, second, terms, planner.text.of)
    scans = _filtered(kind, first, second)
    return Relation(joining.sql(), fields, scans, JOINED, push=joining.push)


def _filtered(kind: str, first: Relation, second: Relation) -> tuple[Scan, ...]:
    """The scans whose rows a WHERE behind the join may rule out: not the sides that it fills."""
    left = first.scans if kind in ("CROSS", "INNER", "LEFT") else ()
    right = second.scans if kind in ("CROSS", "INNER", "RIGHT") else ()
    return (*left, *right)


def _lateral_kind(node: tree.Relation) -> tree.Unnest | tree.Lateral | None:
    if isinstance(node, tree.Aliased):
        return _lateral_kind(node.relation)
    return node if isinstance(node, (tree.Unnest, tree.Lateral)) else None


def _always(criteria: tree.JoinOn | tree.JoinUsing | None) -> bool:
    """Whether all pairs of rows are joined."""
    return criteria is None or (
        isinstance(criteria, tree.JoinOn) and criteria.condition == tree.BooleanLiteral(True)
    )


def _unnest_join(
    planner: Planner,
    scope: Scope | None,
    left: Relation,
    kind: str,
    node: tree.Relation,
    lateral: tree.Unnest,
) -> Relation:
    made = unnested(planner, left, scope, lateral, keep=kind == "LEFT")
    new = Relation("", made.fields[len(left.fields) :])
    if isinstance(node, tree.Aliased):
        new = aliased(planner, new, node.alias, node.columns, node.at)
    return Relation(made.sql, (*left.fields, *new.fields), left.scans, push=made.push)


def _lateral_join(
    planner: Planner,
    scope: Scope | None,
    left: Relation,
    kind: str,
    node: tree.Relation,
    criteria: tree.JoinOn | None,
) -> Relation:
    always = _always(criteria)
    narrows = kind != "LEFT" and not left.of_tables
    boundary = Scope(
        parent=Scope(left.fields, scope), boundary=True, use="lateral", narrows=narrows
    )
    with clause(scope, "lateral"):
        second = related(planner, boundary, node)
    check_correlation(boundary, second.shape, "lateral")
    refuse_in_lambdas(second.sql, (one.name for one in boundary.captured))
    if boundary.captured and not always:
        raise not_supported(
            "JOIN LATERAL of a correlated query with another condition than TRUE"
        )
    fields = (*left.fields, *second.fields)
    # A global aggregate has one row always; DuckDB's LEFT JOIN would lose its constants.
    if criteria is None or (
        always
        and "aggregate" in second.shape
        and "limit" not in second.shape
        and "having" not in second.shape
    ):
        sql = f"SELECT * FROM ({left.sql}) CROSS JOIN LATERAL ({second.sql})"
        return Relation(sql, fields, left.scans, JOINED)
    where = planner.text.of(on(planner, scope, fields, criteria.condition, kind, second.fields))
    sql = f"SELECT * FROM ({left.sql}) {kind} JOIN LATERAL ({second.sql}) ON {where}"
    return Relation(sql, fields, left.scans, JOINED)
