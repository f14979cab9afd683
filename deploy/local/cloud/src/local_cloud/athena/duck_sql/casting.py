"""CAST as DuckDB's SQL: its own where it rounds and fails as Trino's does, else Python's."""

from local_cloud.athena import types as t
from local_cloud.athena.analysis.type_names import fine
from local_cloud.athena.coercion import PATTERNS
from local_cloud.athena.duck_sql.json_casting import casted_at_once
from local_cloud.athena.duck_sql.representation import cast, duck_type
from local_cloud.athena.duck_sql.text import CASTING, Text, can_fail
from local_cloud.athena.ir import Cast
from local_cloud.athena.types import Type
from local_cloud.athena.values.casts import caster


def casted(text: Text, expr: Cast) -> str:
    source, to = fine(expr.value.type), fine(expr.type)
    at_once = casted_at_once(text, expr, to)
    if at_once is not None:
        return at_once
    inner = text.of(expr.value)
    if not expr.safe:
        return _made(text, inner, source, to)
    if not can_fail(expr.value):
        return f"TRY({_made(text, inner, source, to)})"
    # What is cast may fail as ever.
    return text.let(inner, lambda name: f"TRY({_made(text, name, source, to)})")


def _made(text: Text, inner: str, source: Type, to: Type) -> str:
    if source == to or _same_values(source, to):
        return inner
    if to.name in PATTERNS:
        # No value is of such a type: the function gets the text, a char with its spaces.
        return _made(text, inner, source, t.VARCHAR)
    if source.name == "unknown":
        return cast("NULL", to)
    if _is_native(source, to):
        return cast(inner, to)
    return text.python(caster(source, to), (source,), to, inner, key=("cast", source, to))


def _same_values(source: Type, to: Type) -> bool:
    """Whether every value stays as it is held."""
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


CASTING.append(casted)
