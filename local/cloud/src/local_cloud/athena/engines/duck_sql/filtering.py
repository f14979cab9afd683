"""WHERE and HAVING: which of their conditions is asked first, and of what."""

from collections.abc import Sequence, Set
from dataclasses import replace

from local_cloud.athena.engines.duck_sql import correlated_rows, nested_keys
from local_cloud.athena.engines.duck_sql.failing import can_fail, is_order_of_nested
from local_cloud.athena.engines.duck_sql.relation import Planner, Relation, selected
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import ColumnRef, Constant, Expr, Special, Subquery, walk
from local_cloud.athena.sql.properties import columns_of, is_null, terms_of
from local_cloud.athena.sql.substitution import rewritten

_TRUE = Constant(t.BOOLEAN, True)


def kept_rows(
    planner: Planner,
    outer: Scope | None,
    source: Relation,
    where: Expr | None,
    values: Sequence[Expr],
    shape: Set[str],
) -> tuple[str, dict[Expr, ColumnRef]]:
    """The rows of `source` that WHERE keeps, and which of `values` or their parts they have.

    `outer` is what is visible around the query, `values` what it computes of the rows, `shape`
    what it consists of.
    """
    if where is None:
        return source.sql, {}
    correlated = outer is not None and outer.is_outside(columns_of(where))
    joined = "join" in source.shape
    if joined and any(is_order_of_nested(one) for one in walk(where)):
        # Trino asks it of rows that the join drops, too, where it is about one side.
        raise not_supported("the order of arrays or rows in WHERE behind a join")
    if joined or (correlated and source.scans):
        where = nested_keys.checked(where, nested=planner.scans > 0)
    _prune(planner, source, where)
    if (parted := correlated_rows.split(outer, where, values, shape)) is None:
        if correlated:
            return _filtered(planner, source, where, fenced=False), {}
        return _rows(planner, source, terms_of(where), values), {}
    rows = _rows(planner, source, parted.own, values) if parted.own else source.sql
    rows, computed = correlated_rows.with_parts(planner, rows, parted.early)
    others = [rewritten(one, computed.get) for one in parted.others]
    return _asked(planner, rows, others), computed


def _rows(
    planner: Planner, source: Relation, terms: Sequence[Expr], values: Sequence[Expr]
) -> str:
    sql = pushed(planner, source, terms, _used(values))
    return filtered(planner, source, terms) if sql is None else sql


def equalities_first(terms: Sequence[Expr]) -> list[Expr]:
    """The order in which terms come through a GROUP BY, an UNNEST and an outer join.

    See EqualityInference.
    """
    return sorted(terms, key=lambda one: not (isinstance(one, Special) and one.form == "="))


def pushed(
    planner: Planner, source: Relation, terms: Sequence[Expr], used: Set[ColumnRef]
) -> str | None:
    """The rows of which the terms hold, where some of them are asked inside of `source`.

    `used` are the columns that are read of them.
    """
    found = source.push(terms, used | _used(terms)) if source.push is not None else None
    if found is None:
        return None
    sql, rest = found
    return filtered(planner, replace(source, sql=sql), rest) if rest else sql


def _used(values: Sequence[Expr]) -> frozenset[ColumnRef]:
    return frozenset(column for one in values for column in columns_of(one))


def filtered(planner: Planner, source: Relation, terms: Sequence[Expr]) -> str:
    """The rows of which the terms hold."""
    return _filtered(planner, source, all_of(terms), fenced=True)


def _filtered(planner: Planner, source: Relation, where: Expr, fenced: bool) -> str:
    """The rows that WHERE keeps.

    Terms that may fail are asked behind those that stand before them, and before those behind
    them, those with queries in them and those around the query; of joined rows last
    (IrExpressions.mayFail). OFFSET is the fence that no condition passes in DuckDB, which also
    has no way around it in a correlated query.
    """
    terms = terms_of(where)
    failing = [can_fail(one) for one in terms]
    if "join" in source.shape and any(failing):
        early = [one for one, fails in zip(terms, failing, strict=True) if not fails]
        late = [one for one, fails in zip(terms, failing, strict=True) if fails]
        joined = _asked(planner, _asked(planner, source.sql, early) + " OFFSET 0", late)
        return joined + (" OFFSET 0" if fenced else "")
    if fenced and any(failing):
        return (
            _asked(planner, source.sql, _in_turn(sorted(terms, key=_has_query))) + " OFFSET 0"
        )
    return _asked(planner, source.sql, terms)


def _has_query(term: Expr) -> bool:
    return any(isinstance(one, Subquery) for one in walk(term))


def _in_turn(terms: Sequence[Expr]) -> list[Expr]:
    """The terms, of which those from the first one that a later one must wait for are one."""
    failing = [can_fail(one) for one in terms]
    if not any(failing):
        return list(terms)
    waited = next(
        (at for at, one in enumerate(terms) if failing[at] or not is_never_null(one)), 0
    )
    return [*terms[:waited], _as_one(terms[waited:])]


def _as_one(terms: Sequence[Expr]) -> Expr:
    """One term of several, each of which is asked where none before it is false.

    A null does not decide (AndCodeGenerator): what stands behind it may still fail.
    """
    first, *rest = terms
    if not rest or not any(map(can_fail, terms)):
        return all_of(terms)
    behind, no = _as_one(rest), Constant(t.BOOLEAN, False)
    if is_never_null(first):
        return Special(t.BOOLEAN, "case", (first, behind, no))
    both = Special(t.BOOLEAN, "and", (first, behind))
    return Special(t.BOOLEAN, "case", (Special(t.BOOLEAN, "not", (first,)), no, both))


def is_never_null(term: Expr) -> bool:
    if not isinstance(term, Special):
        return False
    if term.form in ("and", "or", "not"):
        return all(map(is_never_null, term.operands))
    return term.form in ("is_null", "distinct", "exists", "indeterminate")


def _asked(planner: Planner, source: str, terms: Sequence[Expr]) -> str:
    where = f" WHERE {planner.text.of(all_of(terms))}" if terms else ""
    return f"SELECT * FROM ({source}){where}"


def all_of(terms: Sequence[Expr]) -> Expr:
    """One condition of several."""
    return terms[0] if len(terms) == 1 else Special(t.BOOLEAN, "and", tuple(terms))


def _prune(planner: Planner, source: Relation, where: Expr) -> None:
    for scan in (*source.scans, *source.inner):
        planner.tables.prune(scan.relation, where, dict(scan.keys))


def opened(
    planner: Planner,
    source: Relation,
    where: Expr,
    values: Sequence[Expr],
    names: Sequence[str],
) -> str | None:
    """`values` of the rows that WHERE keeps, computed also of those of which it is null.

    None where that is the same.
    """
    if not any(map(can_fail, values)) or all(map(is_never_null, terms_of(where))):
        return None
    text, keep = planner.text, planner.context.names.fresh("k")
    asked = text.of(_as_one(sorted(terms_of(where), key=_has_query)))
    rows = f"SELECT *, {asked} AS {keep} FROM ({source.sql})"
    rows = f"SELECT * FROM ({rows}) WHERE {keep} IS NOT FALSE OFFSET 0"
    listed = [(text.of(one), name) for one, name in zip(values, names, strict=True)]
    made = f"{selected([*listed, (keep, keep)], rows)} OFFSET 0"
    return f"{selected([(one, one) for one in names], made)} WHERE {keep}"


def kept_groups(
    planner: Planner, sql: str, having: Expr, keys: frozenset[ColumnRef], *, fenced: bool
) -> str:
    """The groups that HAVING keeps: what it says of keys is asked of rows, all else of groups.

    `fenced`: what is asked of groups waits until all of them are there.
    """
    terms = terms_of(having)
    if not fenced and not any(map(can_fail, terms)):
        return _asked(planner, sql, terms)
    early = [one for one in terms if not can_fail(one) and columns_of(one) <= keys]
    late = all_of(_in_turn([one for one in terms if one not in early]) or [_TRUE])
    asked = planner.text.of(late)
    if fenced and any(is_null(one) for one in walk(late)):
        # Where it can tell that no group is kept DuckDB computes none of them.
        asked = planner.text.unfolded(asked, t.BOOLEAN)
    return f"SELECT * FROM ({_asked(planner, sql, early)} OFFSET 0) WHERE {asked}"
