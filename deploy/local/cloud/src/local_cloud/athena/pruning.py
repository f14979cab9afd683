"""Which partitions a WHERE can never keep, decided from their key values alone."""

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlglot import exp

# "Cannot be told from the keys": such a partition is read.
UNKNOWN = object()
Key = Callable[[exp.Expression], str | None]


class Pruner:
    """Evaluates a WHERE in three-valued logic, with everything but the keys unknown."""

    def __init__(self, where: exp.Expression, key: Key) -> None:
        self._where, self._key = where, key

    def keeps(self, values: dict[str, Any]) -> bool:
        """False only if no row of a partition with these key values can pass."""
        verdict = self._logic(self._where, values)
        return verdict is UNKNOWN or verdict is True

    def _logic(self, node: exp.Expression, values: dict[str, Any]) -> Any:
        """True, False, None (null) or UNKNOWN."""
        if isinstance(node, exp.Paren):
            return self._logic(node.this, values)
        if isinstance(node, exp.And):
            return _conjunction([self._logic(part, values) for part in node.flatten()])
        if isinstance(node, exp.Or):
            return _disjunction([self._logic(part, values) for part in node.flatten()])
        if isinstance(node, exp.Not):
            inner = self._logic(node.this, values)
            return (not inner) if isinstance(inner, bool) else inner
        if isinstance(node, exp.Between):
            value = self._value(node.this, values)
            low = _compare(exp.GTE, value, self._value(node.args["low"], values))
            high = _compare(exp.LTE, value, self._value(node.args["high"], values))
            return _conjunction([low, high])
        if isinstance(node, exp.In) and node.expressions and not node.args.get("query"):
            value = self._value(node.this, values)
            listed = [self._value(one, values) for one in node.expressions]
            return _disjunction([_compare(exp.EQ, value, one) for one in listed])
        if type(node) in _ORDER:
            left, right = (self._value(one, values) for one in (node.this, node.expression))
            return _compare(type(node), left, right)
        return UNKNOWN

    def _value(self, node: exp.Expression, values: dict[str, Any]) -> Any:
        """A scalar's value, or UNKNOWN."""
        if isinstance(node, exp.Paren):
            return self._value(node.this, values)
        if isinstance(node, exp.Literal):
            if node.is_string:
                return node.name
            return int(node.name) if node.name.isdigit() else UNKNOWN
        if isinstance(node, exp.Column):
            name = self._key(node)
            return values.get(name, UNKNOWN) if name is not None else UNKNOWN
        if isinstance(node, (exp.DPipe, exp.Concat)):
            return self._joined(node, values)
        if isinstance(node, exp.Cast):
            return _cast(self._value(node.this, values), node.args["to"].this.name)
        if isinstance(node, exp.Tuple):
            parts = tuple(self._value(one, values) for one in node.expressions)
            return UNKNOWN if any(part is UNKNOWN for part in parts) else parts
        return UNKNOWN

    def _joined(self, node: exp.Expression, values: dict[str, Any]) -> Any:
        nodes = (
            [node.this, node.expression] if isinstance(node, exp.DPipe) else node.expressions
        )
        parts = [self._value(one, values) for one in nodes]
        return "".join(parts) if all(isinstance(part, str) for part in parts) else UNKNOWN


def _conjunction(parts: list[Any]) -> Any:
    if any(part is False for part in parts):
        return False
    if any(part is UNKNOWN for part in parts):
        return UNKNOWN
    return None if any(part is None for part in parts) else True


def _disjunction(parts: list[Any]) -> Any:
    if any(part is True for part in parts):
        return True
    if any(part is UNKNOWN for part in parts):
        return UNKNOWN
    return None if any(part is None for part in parts) else False


_ORDER: dict[type, Callable[[Any, Any], bool]] = {
    exp.EQ: lambda a, b: a == b,
    exp.NEQ: lambda a, b: a != b,
    exp.LT: lambda a, b: a < b,
    exp.LTE: lambda a, b: a <= b,
    exp.GT: lambda a, b: a > b,
    exp.GTE: lambda a, b: a >= b,
}


def _compare(kind: type, left: Any, right: Any) -> Any:
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if left is None or right is None:
        return None
    if type(left) is not type(right) or _mixed(left, right):
        return UNKNOWN
    return _ORDER[kind](left, right)


def _mixed(left: Any, right: Any) -> bool:
    """Row values whose parts are of different kinds are not compared here."""
    if not isinstance(left, tuple):
        return False
    return len(left) != len(right) or any(
        type(a) is not type(b) or a is None for a, b in zip(left, right, strict=True)
    )


def _cast(value: Any, to: str) -> Any:
    if not isinstance(value, str):
        return value if to in ("TEXT", "VARCHAR") and isinstance(value, str) else UNKNOWN
    if to in ("TEXT", "VARCHAR"):
        return value
    if to == "DATE":
        try:
            return date.fromisoformat(value)
        except ValueError:
            return UNKNOWN
    if to in ("INT", "BIGINT") and value.isdigit():
        return int(value)
    return UNKNOWN


def candidates(where: exp.Expression, key: Key, name: str) -> list[str] | None:
    """The texts that `name = …` or `name IN (…)` demands at the top level of a WHERE."""
    parts = list(where.flatten()) if isinstance(where, exp.And) else [where]
    for part in parts:
        found = _demanded(part.unnest() if isinstance(part, exp.Paren) else part, key, name)
        if found is not None:
            return found
    return None


def _demanded(part: exp.Expression, key: Key, name: str) -> list[str] | None:
    """What one condition of a conjunction demands of the key."""
    if isinstance(part, exp.And):
        return candidates(part, key, name)
    if isinstance(part, exp.EQ):
        for one, other in ((part.this, part.expression), (part.expression, part.this)):
            if key(one) == name and isinstance(other, exp.Literal):
                return [other.name]
    if isinstance(part, exp.In) and part.expressions and key(part.this) == name:
        values = part.expressions
        return (
            [v.name for v in values]
            if all(isinstance(v, exp.Literal) for v in values)
            else None
        )
    return None
