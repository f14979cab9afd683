"""Small parts of a SELECT: stars, ordinals, LIMIT, and the clauses that Athena knows."""

from sqlglot import exp

from local_cloud.athena.failures import not_supported, syntax_error


def star_alias(node: exp.Expression) -> str | None:
    """None: no star. "": `*`. Otherwise the alias of `alias.*`."""
    target = node
    if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
        target, alias = node.this, str(node.table).lower()
    elif isinstance(node, exp.Star):
        alias = ""
    else:
        return None
    if any(target.args.values()):
        raise not_supported(f"{node.sql(dialect='athena')}")
    return alias


def position(node: exp.Expression, width: int) -> int:
    """An ordinal of GROUP BY or ORDER BY."""
    number = int(node.name) if node.name.isdigit() else 0
    if not 1 <= number <= width:
        raise syntax_error(f"position {node.name} is not in select list")
    return number


def limits(node: exp.Expression) -> str:
    """OFFSET and LIMIT, plain numbers only."""
    sql = ""
    limit = node.args.get("limit")
    if isinstance(limit, exp.Fetch):
        options = limit.args.get("limit_options")
        if options is not None and options.args.get("with_ties"):
            raise not_supported("FETCH … WITH TIES")
        sql += f" LIMIT {_number(limit.args['count'])}"
    elif limit is not None and limit.expression.name.upper() != "ALL":
        sql += f" LIMIT {_number(limit.expression)}"
    if offset := node.args.get("offset"):
        sql += f" OFFSET {_number(offset.expression)}"
    return sql


def _number(node: exp.Expression) -> int:
    if not isinstance(node, exp.Literal) or not node.name.isdigit():
        raise syntax_error("LIMIT and OFFSET take plain numbers")
    return int(node.name)


GROUPINGS: dict[type[exp.Expression], str] = {
    exp.GroupingSets: "GROUPING SETS",
    exp.Rollup: "ROLLUP",
    exp.Cube: "CUBE",
}
_KNOWN = {
    "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset",
    "distinct", "with_", "windows", "kind", "hint",
}  # fmt: skip


def refuse_extras(node: exp.Select) -> None:
    """Clauses that other dialects allow are no part of Athena's."""
    for key, value in node.args.items():
        if value and (key not in _KNOWN or key in ("kind", "hint")):
            raise not_supported(f"the clause {key.strip('_').upper()}")
    distinct = node.args.get("distinct")
    if distinct is not None and distinct.args.get("on"):
        raise not_supported("DISTINCT ON")
