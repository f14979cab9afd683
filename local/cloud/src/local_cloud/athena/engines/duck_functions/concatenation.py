"""Text put together: concat, the operator || and concat_ws (ConcatFunction, ConcatWsFunction)."""

from collections.abc import Iterator

from local_cloud.athena.engines.duck_sql.registry import python, sql
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql.failures import QueryError, invalid_argument
from local_cloud.athena.sql.ir import BoundCall, Cast, Constant, Expr
from local_cloud.athena.sql.types import MAX_CHAR
from local_cloud.athena.sql.values.strings import MAX_INT, spaced

# DEFAULT_MAX_PAGE_SIZE_IN_BYTES of trino-spi's PageBuilderStatus.
MAX_BYTES = 1_048_576
TOO_LARGE = invalid_argument("Concatenated string is too large")
_TEXTS, _BYTES = "concat(varchar,...)", "concat(varbinary,...)"


@sql(_TEXTS, _BYTES)
def _concat(*parts: str, text: Text, call: BoundCall) -> str:
    if len(parts) < 2:
        raise invalid_argument("There must be two or more concatenation arguments")
    leaves = list(_leaves(call))
    joined = " || ".join(text.of(one) for one in leaves)
    if sum(map(_most_bytes, leaves)) <= MAX_BYTES:
        return f"({joined})"
    too_large = " OR ".join(f"{one} > {MAX_BYTES}" for one in _sizes(call, text))
    failing = text.raised(TOO_LARGE, call.type)
    return f"(CASE WHEN {too_large} THEN {failing} ELSE {joined} END)"


def _is_same(one: Expr, call: BoundCall) -> bool:
    return isinstance(one, BoundCall) and one.bound.declared is call.bound.declared


def _leaves(call: BoundCall) -> Iterator[Expr]:
    """What is put together, in order: `a || b || c` is the concatenation of `a || b` and c."""
    for one in call.arguments:
        if isinstance(one, BoundCall) and _is_same(one, call):
            yield from _leaves(one)
        else:
            yield one


def _sizes(call: BoundCall, text: Text) -> list[str]:
    """SQL of the bytes that each concatenation makes, inner ones first and the whole last."""
    found: list[str] = []
    parts: list[str] = []
    size = "strlen" if call.type.name == "varchar" else "octet_length"
    for one in call.arguments:
        if isinstance(one, BoundCall) and _is_same(one, call):
            found += _sizes(one, text)
            parts.append(found[-1])
        else:
            parts.append(f"{size}({text.of(one)})")
    return [*found, f"({' + '.join(parts)})"]


_SHORT = ("boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal")


def _most_bytes(expr: Expr) -> int:
    """How many bytes the value can have at most."""
    if isinstance(expr, Constant):
        value = expr.value or ""
        return len(value.encode() if isinstance(value, str) else value)
    inner = expr.value if isinstance(expr, Cast) else expr
    if inner.type.name in _SHORT:
        return 64
    # A character has up to four bytes of UTF-8.
    return 4 * (inner.type.precision or MAX_INT)


@sql("concat(char(x),char(y))")
def _concat_chars(a: str, b: str, text: Text, call: BoundCall) -> str:
    first, _ = kinds = call.bound.arguments
    if (call.type.precision or 0) > MAX_CHAR:
        raise QueryError("TYPE_NOT_FOUND", f"Unknown type: {call.type}")

    def joined(left: str, right: str) -> str:
        return spaced(left, first) + right if right else left

    return text.python(joined, kinds, call.type, a, b, key="concat char")


@sql("concat_ws(varchar,varchar,...)")
def _concat_ws(*parts: str, text: Text, call: BoundCall) -> str:
    if len(parts) < 2:
        raise invalid_argument("There must be two or more arguments")

    def joined(separator: str | None, *values: str | None) -> str | None:
        return None if separator is None else _joined(separator, list(values))

    kinds = call.bound.arguments
    return text.python(joined, kinds, call.type, *parts, key="concat_ws", nullable=True)


@python("concat_ws(varchar,array(varchar))")
def _joined(separator: str, parts: list[str | None]) -> str:
    """Nulls are left out, and so are their separators."""
    found = separator.join(one for one in parts if one is not None)
    if len(found.encode()) > MAX_BYTES:
        raise TOO_LARGE
    return found
