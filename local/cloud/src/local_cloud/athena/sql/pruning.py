"""Which partitions a WHERE can never keep, decided from their key values alone."""

from collections.abc import Callable, Mapping
from typing import Any

from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import BoundCall, Cast, ColumnRef, Constant, Expr, Special
from local_cloud.athena.sql.values import compare
from local_cloud.athena.sql.values.casts import caster

# "Cannot be told from the keys": such a partition is read.
UNKNOWN = object()


class Pruner:
    """Evaluates a WHERE in three-valued logic, with everything but the keys unknown.

    `keys` are the partition keys by the names that their columns have in the WHERE.
    """

    def __init__(self, where: Expr, keys: Mapping[str, str]) -> None:
        self._where, self._keys = where, keys

    def keeps(self, values: Mapping[str, Any]) -> bool:
        """False only if no row of a partition with these key values can pass."""
        verdict = self._value(self._where, values)
        return verdict is UNKNOWN or verdict is True

    def _value(self, expr: Expr, values: Mapping[str, Any]) -> Any:
        """The value of an expression, None for null, or UNKNOWN."""
        if isinstance(expr, Constant):
            return expr.value
        if isinstance(expr, ColumnRef):
            name = self._keys.get(expr.name)
            return values.get(name, UNKNOWN) if name is not None else UNKNOWN
        if isinstance(expr, Cast):
            return self._cast(expr, values)
        if isinstance(expr, BoundCall):
            return self._joined(expr, values)
        if isinstance(expr, Special):
            found = _FORMS.get(expr.form)
            if found is not None:
                return found(expr, [self._value(one, values) for one in expr.operands])
        return UNKNOWN

    def _cast(self, expr: Cast, values: Mapping[str, Any]) -> Any:
        inner = self._value(expr.value, values)
        if inner is UNKNOWN or inner is None or expr.value.type == expr.type:
            return inner
        try:
            return caster(expr.value.type, expr.type)(inner)
        except QueryError:
            # What fails is left for the engine to say.
            return UNKNOWN

    def _joined(self, expr: BoundCall, values: Mapping[str, Any]) -> Any:
        if expr.bound.declared.key != "concat(varchar,...)":
            return UNKNOWN
        parts = [self._value(one, values) for one in expr.arguments]
        return "".join(parts) if all(isinstance(one, str) for one in parts) else UNKNOWN


def _conjunction(parts: list[Any]) -> Any:
    if any(part is False for part in parts):
        return False
    if any(part is UNKNOWN for part in parts):
        return UNKNOWN
    return None if any(part is None for part in parts) else True


def _disjunction(parts: list[Any]) -> Any:
    return _negation(_conjunction([_negation(part) for part in parts]))


def _negation(part: Any) -> Any:
    return (not part) if isinstance(part, bool) else part


def _compared(operator: str, left: Any, right: Any, expr: Special) -> Any:
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    of = expr.operands[0].type
    if operator == "=":
        return compare.equal(left, right, of)
    if operator == "<>":
        return _negation(compare.equal(left, right, of))
    if operator in (">", ">="):
        left, right = right, left
    try:
        return compare.less(left, right, of, operator in ("<=", ">="))
    except QueryError:
        return UNKNOWN


def _comparison(operator: str) -> Callable[[Special, list[Any]], Any]:
    return lambda expr, parts: _compared(operator, parts[0], parts[1], expr)


def _between(expr: Special, parts: list[Any]) -> Any:
    above = _compared(">=", parts[0], parts[1], expr)
    return _conjunction([above, _compared("<=", parts[0], parts[2], expr)])


def _in(expr: Special, parts: list[Any]) -> Any:
    return _disjunction([_compared("=", parts[0], one, expr) for one in parts[1:]])


def _is_null(_: Special, parts: list[Any]) -> Any:
    return UNKNOWN if parts[0] is UNKNOWN else parts[0] is None


def _row(_: Special, parts: list[Any]) -> Any:
    return UNKNOWN if any(part is UNKNOWN for part in parts) else tuple(parts)


_FORMS: dict[str, Callable[[Special, list[Any]], Any]] = {
    "and": lambda _, parts: _conjunction(parts),
    "or": lambda _, parts: _disjunction(parts),
    "not": lambda _, parts: _negation(parts[0]),
    "between": _between,
    "in": _in,
    "is_null": _is_null,
    "row": _row,
    **{one: _comparison(one) for one in ("=", "<>", "<", "<=", ">", ">=")},
}


def candidates(where: Expr, keys: Mapping[str, str], name: str) -> list[str] | None:
    """The texts that `name = …` or `name IN (…)` demands at the top level of a WHERE."""
    if isinstance(where, Special) and where.form == "and":
        for part in where.operands:
            found = candidates(part, keys, name)
            if found is not None:
                return found
        return None
    if not isinstance(where, Special) or where.form not in ("=", "in"):
        return None
    value, *others = where.operands
    if where.form == "=" and not _is_key(value, keys, name):
        value, others = where.operands[1], [where.operands[0]]
    if not _is_key(value, keys, name):
        return None
    texts = [_text(one) for one in others]
    return [one for one in texts if one is not None] if None not in texts else None


def at_least(where: Expr, keys: Mapping[str, str], name: str) -> str:
    """The lowest text that `name > …` or `name >= …` lets through at the top level of a WHERE.

    Of texts alone; the empty one where nothing is said. What is equal to it may have to go, too.
    """
    if not isinstance(where, Special):
        return ""
    if where.form == "and":
        return max((at_least(part, keys, name) for part in where.operands), default="")
    if where.form in (">", ">=") and _is_key(where.operands[0], keys, name):
        value = where.operands[1]
    elif where.form in ("<", "<=") and _is_key(where.operands[1], keys, name):
        value = where.operands[0]
    else:
        return ""
    text = value.value if isinstance(value, Constant) else _text(value)
    return text if isinstance(text, str) else ""


def _is_key(expr: Expr, keys: Mapping[str, str], name: str) -> bool:
    """The key itself, or the key made a wider text or number for the comparison."""
    while isinstance(expr, Cast) and not expr.safe:
        expr = expr.value
    return isinstance(expr, ColumnRef) and keys.get(expr.name) == name


def _text(expr: Expr) -> str | None:
    while isinstance(expr, Cast) and expr.value.type.name == expr.type.name:
        expr = expr.value
    if isinstance(expr, Constant) and isinstance(expr.value, (str, int)):
        return str(expr.value)
    return None
