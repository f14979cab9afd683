"""Expressions: each node that is allowed has a rule that gives SQL and Trino type."""

from collections.abc import Callable

from sqlglot import exp

from local_cloud.athena import arithmetic, casts
from local_cloud.athena import types as t
from local_cloud.athena.failures import QueryError, not_supported, type_mismatch
from local_cloud.athena.scope import Scope
from local_cloud.athena.typed import (
    Typed,
    cast_text,
    coerced,
    quoted,
    require,
    unified,
)
from local_cloud.athena.types import Type

Subquery = Callable[[exp.Expression, Scope], tuple[str, list[Type]]]
Rule = Callable[["Expressions", exp.Expression, Scope], Typed]

RULES: dict[type[exp.Expression], Rule] = {}
# Functions that sqlglot has no class for, by lower-case name.
NAMED: dict[str, Rule] = {}
MAX_DEPTH = 150


def rule(*kinds: type[exp.Expression]) -> Callable[[Rule], Rule]:
    """Register a rule for node classes. What has no rule is refused: that is the guard."""

    def register(function: Rule) -> Rule:
        for kind in kinds:
            RULES[kind] = function
        return function

    return register


def named(*names: str) -> Callable[[Rule], Rule]:
    def register(function: Rule) -> Rule:
        for name in names:
            NAMED[name] = function
        return function

    return register


class Expressions:
    """Compiles expressions; `subquery` compiles the queries inside them."""

    def __init__(self, subquery: Subquery) -> None:
        self.subquery = subquery
        self._depth = 0
        # "" outside of an aggregate or window, else the text that follows each aggregate.
        self.suffix = ""

    def typed(self, node: exp.Expression, scope: Scope) -> Typed:
        """The SQL and type of `node`; QueryError where Athena or this engine refuses."""
        if isinstance(node, exp.Anonymous):
            found = NAMED.get(node.name.lower())
            if found is None:
                raise not_supported(f"the function {node.name.lower()}")
        else:
            found = RULES.get(type(node))
            if found is None:
                raise not_supported(
                    f"{type(node).__name__} in {node.sql(dialect='athena')[:120]}"
                )
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise not_supported(f"expressions nested deeper than {MAX_DEPTH}")
        try:
            return found(self, node, scope)
        finally:
            self._depth -= 1

    def arg(self, node: exp.Expression, name: str, scope: Scope) -> Typed:
        return self.typed(node.args[name], scope)

    def boolean(self, node: exp.Expression, scope: Scope, what: str) -> str:
        value = self.typed(node, scope)
        if value.type.name not in ("boolean", "unknown"):
            raise type_mismatch(f"{what} must evaluate to a boolean: actual type {value.type}")
        return value.sql


@rule(exp.Literal)
def _literal(_: Expressions, node: exp.Expression, __: Scope) -> Typed:
    text = node.name
    if node.is_string:
        return Typed(quoted(text), Type("varchar", precision=len(text)))
    if "e" in text.lower():
        return Typed(f"CAST('{text}' AS DOUBLE)", t.DOUBLE, text)
    if "." in text:
        whole, _, fraction = text.partition(".")
        digits = len(whole.lstrip("0")) + len(fraction)
        kind = t.decimal(max(digits, 1), len(fraction))
        if (kind.precision or 0) > t.MAX_DECIMAL:
            raise type_mismatch(f"Invalid decimal literal: {text}")
        return Typed(f"CAST('{text}' AS {t.duck_name(kind)})", kind, text)
    number = int(text)
    if number > 2**63 - 1:
        raise type_mismatch(f"Invalid numeric literal: {text}")
    kind = t.INTEGER if number < 2**31 else t.BIGINT
    return Typed(f"CAST({number} AS {t.duck_name(kind)})", kind, text)


@rule(exp.Null)
def _null(_: Expressions, __: exp.Expression, ___: Scope) -> Typed:
    return Typed("CAST(NULL AS INTEGER)", t.UNKNOWN)


@rule(exp.Boolean)
def _boolean(_: Expressions, node: exp.Expression, __: Scope) -> Typed:
    return Typed("TRUE" if node.this else "FALSE", t.BOOLEAN)


@rule(exp.HexString)
def _hex(_: Expressions, node: exp.Expression, __: Scope) -> Typed:
    return Typed(f"unhex({quoted(node.name)})", t.VARBINARY)


@rule(exp.Paren)
def _paren(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    return self.arg(node, "this", scope)


@rule(exp.Column)
def _column(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    parts = [part.name.lower() for part in node.parts]
    if len(parts) == 1:
        bound = scope.lambda_value(parts[0])
        if bound is not None:
            return bound
        if parts[0] in scope.outputs:
            return scope.outputs[parts[0]]
    return _path(parts, scope)


@rule(exp.Identifier)
def _identifier(_: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    # sqlglot leaves lambda variables as bare identifiers.
    return _path([node.name.lower()], scope)


def _path(parts: list[str], scope: Scope) -> Typed:
    """`column`, `alias.column`, and either followed by fields of rows."""
    start = scope.lambda_value(parts[0])
    if start is None and len(parts) > 1 and _is_alias(parts[0], scope):
        found = scope.column(parts[1], parts[0])
        start, parts = Typed(found.sql, found.type), parts[2:]
    elif start is None and len(parts) > 2 and _is_alias(parts[1], scope):
        found = scope.column(parts[2], parts[1])
        start, parts = Typed(found.sql, found.type), parts[3:]
    elif start is None:
        found = scope.column(parts[0], None)
        start, parts = Typed(found.sql, found.type), parts[1:]
    else:
        parts = parts[1:]
    for name in parts:
        start = dereferenced(start, name)
    return start


def _is_alias(name: str, scope: Scope | None) -> bool:
    while scope is not None:
        if any(relation.alias == name for relation in scope.relations):
            return True
        scope = scope.outer
    return False


def dereferenced(value: Typed, name: str) -> Typed:
    """A field of a row."""
    if value.type.name != "row" or name not in value.type.fields:
        raise type_mismatch(f"{value.type} has no field {name}")
    index = value.type.fields.index(name)
    return Typed(f"struct_extract({value.sql}, {quoted(name)})", value.type.args[index])


@rule(exp.Dot)
def _dot(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    if not isinstance(node.expression, exp.Identifier):
        raise not_supported(f"{node.sql(dialect='athena')[:120]}")
    return dereferenced(self.arg(node, "this", scope), node.expression.name.lower())


_BINARY = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%"}


@rule(exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)
def _arithmetic(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    left, right = self.arg(node, "this", scope), self.arg(node, "expression", scope)
    operator = _BINARY[type(node)]
    temporal = ("date", "timestamp", "timestamp with time zone")
    if operator in "+-" and left.type.name in temporal:
        return moved(left, operator, right)
    if operator == "+" and right.type.name in temporal:
        return moved(right, operator, left)
    return arithmetic.binary(operator, left, right)


def moved(moment: Typed, operator: str, interval: Typed) -> Typed:
    """A date or timestamp plus or minus an interval; dates stay dates."""
    if interval.type.name in ("date", "timestamp", "timestamp with time zone"):
        raise not_supported("the difference of two dates or times; use date_diff")
    if not interval.type.name.startswith("interval"):
        raise type_mismatch(f"Cannot apply operator: {moment.type} {operator} {interval.type}")
    return Typed(cast_text(f"{moment.sql} {operator} {interval.sql}", moment.type), moment.type)


@rule(exp.Neg)
def _neg(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    return arithmetic.negated(self.arg(node, "this", scope))


_INTERVALS = {"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"}


@rule(exp.Interval)
def _interval(_: Expressions, node: exp.Expression, __: Scope) -> Typed:
    unit = node.args["unit"].name.upper() if node.args.get("unit") else ""
    text = node.this.name if isinstance(node.this, exp.Literal) else ""
    if unit not in _INTERVALS or not text.lstrip("+-").isdigit():
        raise not_supported(f"the interval {node.sql(dialect='athena')}")
    kind = t.MONTH_INTERVAL if unit in ("YEAR", "MONTH") else t.DAY_INTERVAL
    return Typed(f"INTERVAL ({int(text)}) {unit}", kind)


@rule(exp.Cast, exp.TryCast)
def _cast(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    to = node.args["to"]
    if to.this.name == "DECIMAL" and not to.expressions and isinstance(node.this, exp.Literal):
        raise not_supported("DECIMAL literals; write cast(… as decimal(p, s))")
    return casts.cast(
        self.arg(node, "this", scope), casts.sql_type(to), isinstance(node, exp.TryCast)
    )


@rule(exp.Try)
def _try(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = self.arg(node, "this", scope)
    return Typed(f"TRY({value.sql})", value.type)


@rule(exp.DPipe, exp.Concat)
def _concat(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    nodes = (
        [node.this, node.expression] if isinstance(node, exp.DPipe) else list(node.expressions)
    )
    values = [self.typed(one, scope) for one in nodes]
    if any(one.type.name == "unknown" for one in values):
        # Trino takes `'a' || null` for an array: whoever means a text must say so.
        raise not_supported("concat with an untyped null; cast it")
    if all(one.type.name in ("varchar", "char") for one in values):
        # `||` gives null for null, as Trino's concat; DuckDB's concat() skips nulls.
        return Typed(
            f"({' || '.join(cast_text(one.sql, t.VARCHAR) for one in values)})", t.VARCHAR
        )
    if any(one.type.name not in ("array", "varbinary") for one in values):
        kinds = ", ".join(str(one.type) for one in values)
        raise QueryError(
            "FUNCTION_NOT_FOUND", f"Unexpected parameters ({kinds}) for function concat"
        )
    values, kind = unified(values, "concat")
    joined = " || ".join(one.sql for one in values)
    return Typed(f"({joined})", kind)


@rule(exp.Tuple, exp.Struct)
def _row(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    values = [self.typed(one, scope) for one in node.expressions]
    pairs = ", ".join(f"{quoted(f'field{i}')}: {one.sql}" for i, one in enumerate(values))
    kind = Type("row", tuple(one.type for one in values), tuple(None for _ in values))
    return Typed(f"{{{pairs}}}", kind)


@rule(exp.AtTimeZone)
def _at_zone(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    zone = node.args["zone"]
    if not (isinstance(zone, exp.Literal) and zone.name.upper() in ("UTC", "Z", "+00:00")):
        raise not_supported("AT TIME ZONE other than 'UTC'")
    value = require(
        self.arg(node, "this", scope), ("timestamp", "timestamp with time zone"), "AT"
    )
    return coerced(value, t.TIMESTAMP_TZ)
