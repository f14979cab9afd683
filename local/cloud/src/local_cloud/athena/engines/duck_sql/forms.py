"""Forms that evaluate their operands by rules of their own, as DuckDB's SQL."""

from local_cloud.athena.engines.duck_sql import comparing, like, quantified
from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.overwriting import refuse_overwritten_by_or
from local_cloud.athena.engines.duck_sql.refusals import COMPARES_NESTED
from local_cloud.athena.engines.duck_sql.representation import cast, literal
from local_cloud.athena.engines.duck_sql.text import Text, form
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import ColumnRef, Expr, Special, Subquery
from local_cloud.athena.sql.properties import is_constant, is_null
from local_cloud.athena.sql.values import compare

# Operands that are longer are not written twice.
_SHORT = 50_000

# ---- logic ------------------------------------------------------------------------------------


@form("and", "or")
def _logical(text: Text, expr: Special) -> str:
    """Left to right: a term that may fail is not evaluated where an earlier one decides.

    DuckDB evaluates all terms, and in an order of its own.
    """
    if expr.form == "or":
        refuse_overwritten_by_or(expr.operands)
    word, decides = (" AND ", "FALSE") if expr.form == "and" else (" OR ", "TRUE")
    made: list[str] = []
    for index, one in enumerate(expr.operands):
        term = text.of(one)
        if index and can_fail(one):
            before = word.join(text.of(other) for other in expr.operands[:index])
            term = f"(CASE WHEN ({before}) = {decides} THEN {decides} ELSE {term} END)"
        made.append(term)
    return f"({word.join(made)})"


@form("not")
def _not(text: Text, expr: Special) -> str:
    return f"(NOT {text.of(expr.operands[0])})"


@form("case")
def _case(text: Text, expr: Special) -> str:
    pairs = len(expr.operands) // 2
    made = text.each(expr.operands)
    whens = " ".join(f"WHEN {made[2 * i]} THEN {made[2 * i + 1]}" for i in range(pairs))
    otherwise = f" ELSE {made[-1]}" if len(made) % 2 else ""
    return f"(CASE {whens}{otherwise} END)"


@form("coalesce")
def _coalesce(text: Text, expr: Special) -> str:
    made = text.each(expr.operands)
    if not any(map(can_fail, expr.operands)):
        return f"coalesce({', '.join(made)})"
    # DuckDB computes what stands twice in an operand of COALESCE before it comes to it, and lets
    # go of the texts that a Python function gave for a constant while they are in use (1.5.5).
    *first, last = made
    if sum(map(len, first)) > _SHORT:
        raise not_supported("COALESCE of expressions that are so long")
    whens = " ".join(f"WHEN {one} IS NOT NULL THEN {one}" for one in first)
    return f"(CASE {whens} ELSE {last} END)" if first else last


@form("nullif")
def _null_if(text: Text, expr: Special) -> str:
    value, same = text.each(expr.operands)
    return f"(CASE WHEN {same} THEN NULL ELSE {value} END)"


@form("is_null")
def _null_test(text: Text, expr: Special) -> str:
    """Of a comparison, whether one of its sides is null: not whether one has a null inside.

    (EvaluateIsNull of Trino; constants it compares before.)
    """
    (inner,) = expr.operands
    if (compared := nested_comparison(inner)) is not None:
        return f"({' OR '.join(_is_null(text, one) for one in compared.operands)})"
    return _is_null(text, inner)


def _is_null(text: Text, of: Expr) -> str:
    _refuse_compared(text, of)
    made = text.of(of)
    return f"({text.perhaps_null(made) if can_fail(of) else made} IS NULL)"


def _refuse_compared(text: Text, of: Expr) -> None:
    """Trino may put the comparison in the column's place, and then asks its sides for nulls."""
    if isinstance(of, ColumnRef) and text.is_marked(of, COMPARES_NESTED):
        raise not_supported("IS NULL of a comparison of arrays, maps or rows in a query inside")


@form("indeterminate")
def _indeterminate(text: Text, expr: Special) -> str:
    """Whether a value is null or has a null inside."""
    (value,) = expr.operands
    return text.python(
        lambda found: compare.has_null_inside(found, value.type),
        (value.type,),
        t.BOOLEAN,
        text.of(value),
        key=("indeterminate", value.type),
        nullable=True,
    )


@form("opaque")
def _opaque(text: Text, expr: Special) -> str:
    """A constant that DuckDB does not see: so it cannot tell what a comparison with it gives."""
    return text.unfolded(text.of(expr.operands[0]), expr.type)


def nested_comparison(expr: Expr) -> Special | None:
    """The comparison of arrays, maps or rows that an expression is, or is the opposite of."""
    while isinstance(expr, Special) and expr.form == "not":
        (expr,) = expr.operands
    if isinstance(expr, Special) and expr.form in ("=", "<>") and not is_constant(expr):
        return expr if expr.operands[0].type.args else None
    return None


# ---- comparisons ----------------------------------------------------------------------------


@form("=", "<>", "<", "<=", ">", ">=", "distinct")
def _compared(text: Text, expr: Special) -> str:
    if expr.operands[0].type.args:
        _refuse_null_inside(text, expr)
    first, second = expr.operands
    if expr.form == "distinct" and any(map(is_null, expr.operands)):
        for one in expr.operands:
            _refuse_compared(text, one)
    comparing.refuse_unrounded(text, first, second)
    comparing.refuse_unrounded(text, second, first)
    left, right = text.each(expr.operands)
    return comparing.compared(
        text, expr.form, left, right, expr.operands[0].type, expr.operands
    )


@form("between")
def _between(text: Text, expr: Special) -> str:
    value, lower, upper = expr.operands
    kind = value.type
    if comparing.is_plain(kind) and not can_fail(lower) and not can_fail(upper):
        made = text.each(expr.operands)
        return f"({made[0]} BETWEEN {made[1]} AND {made[2]})"
    above = text.of(Special(t.BOOLEAN, ">=", (value, lower)))
    below = text.of(Special(t.BOOLEAN, "<=", (value, upper)))
    # The upper bound does not decide before the lower one was asked, which may fail.
    return f"(CASE WHEN NOT {above} THEN FALSE ELSE {above} AND {below} END)"


def _refuse_null_inside(text: Text, expr: Special) -> None:
    """Beside a constant with a null inside, Trino fails for columns of tables.

    It looks for the ranges that such a comparison leaves (DomainTranslator); a null has no place
    in an order. For other rows it answers.
    """
    constants = [one for one in expr.operands if is_constant(one)]
    if len(constants) == 1 and text.holds_null(constants[0]):
        raise not_supported("comparisons with a constant that has a null inside")


# ---- constructors and access ----------------------------------------------------------------


@form("row")
def _row(text: Text, expr: Special) -> str:
    inner = ", ".join(
        f"f{i} := {cast(made, one.type)}"
        for i, (made, one) in enumerate(
            zip(text.each(expr.operands), expr.operands, strict=True)
        )
    )
    return f"struct_pack({inner})"


@form("array")
def _array(text: Text, expr: Special) -> str:
    return cast(f"[{', '.join(text.each(expr.operands))}]", expr.type)


@form("field")
def _field(text: Text, expr: Special) -> str:
    return cast(f"struct_extract({text.of(expr.operands[0])}, 'f{expr.detail}')", expr.type)


# ---- subqueries -----------------------------------------------------------------------------


@form("scalar")
def _scalar(text: Text, expr: Special) -> str:
    (inner,) = expr.operands
    assert isinstance(inner, Subquery)
    if len(inner.columns) == 1:
        return f"({inner.sql})"
    packed = ", ".join(f"f{i} := {name}" for i, name in enumerate(inner.names))
    nothing = ", ".join(
        f"f{i} := {literal(None, kind)}" for i, kind in enumerate(inner.columns)
    )
    # No row is a row of nulls, not null.
    return (
        f"coalesce((SELECT struct_pack({packed}) FROM ({inner.sql})), struct_pack({nothing}))"
    )


@form("exists")
def _exists(text: Text, expr: Special) -> str:
    (inner,) = expr.operands
    assert isinstance(inner, Subquery)
    return f"EXISTS ({inner.sql})"


@form("in_subquery", "in_by_equality")
def _in_subquery(text: Text, expr: Special) -> str:
    return _asked_first(text, expr, quantified.in_subquery(text, expr))


@form("all", "any")
def _quantified(text: Text, expr: Special) -> str:
    return _asked_first(text, expr, quantified.quantified(text, expr))


def _asked_first(text: Text, expr: Special, made: str) -> str:
    """`made`, and the value on the left is computed also where the query is empty."""
    value = expr.operands[0]
    if not can_fail(value):
        return made
    kinds = (value.type, t.BOOLEAN)
    return text.python(
        lambda _, found: found,
        kinds,
        t.BOOLEAN,
        text.of(value),
        made,
        key="first",
        nullable=True,
    )


form("like")(like.like)
