"""CAST as DuckDB's SQL: its own where it rounds and fails as Trino's does, else Python's."""

from typing import Any

from local_cloud.athena.engines.duck_sql import date_casting
from local_cloud.athena.engines.duck_sql.expression_writer import ExpressionWriter
from local_cloud.athena.engines.duck_sql.json_casting import casted_at_once
from local_cloud.athena.engines.duck_sql.representation import cast, duck_type
from local_cloud.athena.engines.duck_sql.udf import CAUGHT_BY_TRY
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.type_names import fine
from local_cloud.athena.sql.coercion import PATTERNS
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import Cast
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values.casts import Caster, caster
from local_cloud.athena.sql.values.numbers import BITS


def casted(text: ExpressionWriter, expr: Cast) -> str:
    source, to = fine(expr.value.type), fine(expr.type)
    at_once = casted_at_once(text, expr, to)
    if at_once is not None:
        return at_once
    return made(text, text.of(expr.value), source, to, expr.safe)


def made(text: ExpressionWriter, inner: str, source: Type, to: Type, safe: bool = False) -> str:
    """The cast; if `safe` null where it fails (what fails inside of `inner` still does)."""
    if source == to or _same_values(source, to):
        return inner
    if to.name in PATTERNS:
        # No value is of such a type: the function gets the text, a char with its spaces.
        return made(text, inner, source, t.VARCHAR, safe)
    if source.name == "unknown":
        if inner.startswith("CAST(NULL AS "):
            return cast("NULL", to)
        # What makes the null may fail.
        return text.python(lambda _: None, (source,), to, inner, key="null", nullable=True)
    if _is_native(source, to):
        return cast(inner, to)
    function = caster(source, to)
    key = ("try_cast" if safe else "cast", source, to)
    slow = text.python(_safe(function) if safe else function, (source,), to, inner, key=key)
    if source.name in t.INTEGERS and to.name in t.INTEGERS:
        # Python is asked only to say what is wrong.
        most = 2 ** (BITS[to.name] - 1)
        fits = f"{inner} BETWEEN {-most} AND {most - 1}"
        return f"(CASE WHEN {fits} THEN {cast(inner, to)} ELSE {slow} END)"
    return date_casting.native(inner, source, to, slow)


def _safe(function: Caster) -> Caster:
    def tried(value: Any) -> Any:
        try:
            return function(value)
        except QueryError as error:
            if error.name not in CAUGHT_BY_TRY:
                raise
            return None

    return tried


_BYTES = ("varbinary", "hyperloglog", "tdigest")


def _same_values(source: Type, to: Type) -> bool:
    """Whether every value stays as it is held."""
    if source.name in _BYTES and to.name in _BYTES:
        return True
    if source.name == to.name == "varchar":
        return to.precision is None or (
            source.precision is not None and source.precision <= to.precision
        )
    if source.name == to.name == "char":
        return (source.precision or 0) <= (to.precision or 0)
    if source.name == to.name and source.name in t.TIMED:
        return (source.precision or 0) <= (to.precision or 0)
    if source.name == to.name and source.args and len(source.args) == len(to.args):
        return duck_type(source) == duck_type(to) and all(
            a == b or _same_values(a, b) for a, b in zip(source.args, to.args, strict=True)
        )
    return False


def _is_native(source: Type, to: Type) -> bool:
    """Casts that cannot fail and lose nothing, or fail as Trino's do."""
    widths = [*t.INTEGERS]
    if source.name in widths and to.name in widths:
        return widths.index(source.name) <= widths.index(to.name)
    if source.name in widths and to.name == "double":
        return True
    if source.name in widths and to.name == "decimal":
        return t.INTEGER_DIGITS[source.name] <= (to.precision or 0) - to.scale
    if source.name == to.name == "decimal":
        whole = (source.precision or 0) - source.scale
        return source.scale <= to.scale and whole <= (to.precision or 0) - to.scale
    if source.name in widths and to.name == "varchar":
        return to.precision is None or to.precision >= 20
    if (source.name, to.name) in (("real", "double"), ("date", "timestamp")):
        return True
    if source.name == to.name == "array":
        return source.args[0] == to.args[0] or _is_native(source.args[0], to.args[0])
    return False


def is_total(expr: Cast) -> bool:
    """Whether it never fails."""
    source, to = expr.value.type, expr.type
    if to.name == "time" and source.name.startswith("timestamp"):
        # TRY_CAST does not catch how it fails before 1970.
        return False
    return (
        expr.safe
        or source.name == "unknown"
        or _same_values(source, to)
        or (_is_native(source, to) and (source.name, to.name) != ("date", "timestamp"))
        or (source.name in ("decimal", *t.INTEGERS) and to.name in ("double", "real"))
    )
