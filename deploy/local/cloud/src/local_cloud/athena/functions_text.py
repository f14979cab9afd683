"""Functions of numbers, text and JSON."""

from sqlglot import exp

from local_cloud.athena import types as t
from local_cloud.athena.arithmetic import binary
from local_cloud.athena.compile_expr import Expressions, named, rule
from local_cloud.athena.failures import not_supported, type_mismatch
from local_cloud.athena.scope import Scope
from local_cloud.athena.typed import (
    NUMERIC,
    Typed,
    cast_text,
    coerced,
    quoted,
    require,
    unified,
)

TEXT = ("varchar", "char")


def text(self: Expressions, node: exp.Expression, name: str, scope: Scope) -> str:
    """A varchar argument's SQL."""
    value = require(self.arg(node, name, scope), TEXT, f"function {node.key}")
    return cast_text(value.sql, t.VARCHAR)


def whole(self: Expressions, node: exp.Expression, name: str, scope: Scope) -> str:
    """An integer argument's SQL, as bigint."""
    value = require(self.arg(node, name, scope), t.INTEGERS, f"function {node.key}")
    return cast_text(value.sql, t.BIGINT)


def no_extras(node: exp.Expression, *known: str) -> None:
    """Refuse arguments that the rule would ignore."""
    extra = [key for key, value in node.args.items() if value and key not in known]
    if extra:
        raise not_supported(f"{node.sql(dialect='athena')[:120]} ({', '.join(extra)})")


@rule(exp.Abs)
def _abs(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.arg(node, "this", scope), NUMERIC, "function abs")
    return Typed(f"abs({value.sql})", value.type)


@rule(exp.Ceil, exp.Floor)
def _ceil(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    no_extras(node, "this")
    value = require(self.arg(node, "this", scope), NUMERIC, f"function {node.key}")
    if value.type.name in t.INTEGERS:
        return value
    kind = value.type
    if kind.name == "decimal":
        kind = t.decimal((kind.precision or 0) - kind.scale + min(kind.scale, 1), 0)
    return Typed(cast_text(f"{node.key}({value.sql})", kind), kind)


@rule(exp.Round)
def _round(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    no_extras(node, "this", "decimals")
    value = require(self.arg(node, "this", scope), NUMERIC, "function round")
    digits = node.args.get("decimals")
    if digits is None:
        kind = value.type
        if kind.name == "decimal":
            kind = t.decimal((kind.precision or 0) - kind.scale + min(kind.scale, 1), 0)
        return Typed(cast_text(f"round({value.sql})", kind), kind)
    if not (isinstance(digits, exp.Literal) and digits.name.isdigit()):
        raise not_supported("round() to a number of digits that is no literal")
    kind = value.type
    if kind.name == "decimal":
        kind = t.decimal(min(t.MAX_DECIMAL, (kind.precision or 0) + 1), kind.scale)
        inner = (
            f"round({value.sql}, {digits.name})" if int(digits.name) < kind.scale else value.sql
        )
        return Typed(cast_text(inner, kind), kind)
    return Typed(cast_text(f"round({value.sql}, {digits.name})", kind), kind)


_DOUBLES = {exp.Sqrt: "sqrt", exp.Exp: "exp", exp.Ln: "ln", exp.Cbrt: "cbrt"}


@rule(*_DOUBLES)
def _double(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = coerced(self.arg(node, "this", scope), t.DOUBLE, node.key)
    return Typed(f"{_DOUBLES[type(node)]}({value.sql})", t.DOUBLE)


@rule(exp.Pow)
def _pow(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    base = coerced(self.arg(node, "this", scope), t.DOUBLE, "power")
    power = coerced(self.arg(node, "expression", scope), t.DOUBLE, "power")
    return Typed(f"pow({base.sql}, {power.sql})", t.DOUBLE)


@named("mod")
def _mod(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    left, right = (self.typed(one, scope) for one in node.expressions)
    return binary("%", left, right)


@rule(exp.Sign)
def _sign(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.arg(node, "this", scope), (*t.INTEGERS, "double"), "function sign")
    return Typed(cast_text(f"sign({value.sql})", value.type), value.type)


@rule(exp.Greatest, exp.Least)
def _greatest(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    nodes = [node.this, *node.expressions]
    values, kind = unified([self.typed(one, scope) for one in nodes], node.key)
    # Trino answers null when any is null; DuckDB skips nulls.
    nulls = " OR ".join(f"{one.sql} IS NULL" for one in values)
    sql = f"{node.key}({', '.join(one.sql for one in values)})"
    return Typed(
        f"(CASE WHEN {nulls} THEN CAST(NULL AS {t.duck_name(kind)}) ELSE {sql} END)", kind
    )


@named("nan", "infinity")
def _special(_: Expressions, node: exp.Expression, __: Scope) -> Typed:
    return Typed(f"CAST('{node.name.lower()}' AS DOUBLE)", t.DOUBLE)


@rule(exp.IsNan)
def _is_nan(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = coerced(self.arg(node, "this", scope), t.DOUBLE, "is_nan")
    return Typed(f"isnan({value.sql})", t.BOOLEAN)


@rule(exp.Typeof)
def _typeof(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = self.arg(node, "this", scope)
    known = (exp.Literal, exp.Cast, exp.Column, exp.TryCast)
    if value.type.name in TEXT and not isinstance(node.this, known):
        raise not_supported("typeof() of a computed varchar, whose length it does not track")
    shown = t.trino_name(value.type)
    return Typed(quoted(shown), t.Type("varchar", precision=len(shown)))


_CASES = {exp.Lower: "lower", exp.Upper: "upper", exp.Reverse: "reverse"}


@rule(*_CASES)
def _case(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    return Typed(f"{_CASES[type(node)]}({text(self, node, 'this', scope)})", t.VARCHAR)


@rule(exp.Length)
def _length(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.arg(node, "this", scope), (*TEXT, "varbinary"), "function length")
    function = "octet_length" if value.type.name == "varbinary" else "length"
    return Typed(cast_text(f"{function}({value.sql})", t.BIGINT), t.BIGINT)


@rule(exp.Substring)
def _substring(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value, start = text(self, node, "this", scope), whole(self, node, "start", scope)
    length = f", {whole(self, node, 'length', scope)}" if node.args.get("length") else ""
    # Position 0 is outside of the text in Trino.
    return Typed(
        f"(CASE WHEN {start} = 0 OR {start} < -length({value}) THEN '' "
        f"ELSE substr({value}, {start}{length}) END)",
        t.VARCHAR,
    )


@rule(exp.Trim)
def _trim(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    no_extras(node, "this", "position", "expression")
    function = {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(
        node.args.get("position") or "", "trim"
    )
    chars = f", {text(self, node, 'expression', scope)}" if node.args.get("expression") else ""
    return Typed(f"{function}({text(self, node, 'this', scope)}{chars})", t.VARCHAR)


@rule(exp.Replace)
def _replace(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value, old = text(self, node, "this", scope), text(self, node, "expression", scope)
    new = text(self, node, "replacement", scope) if node.args.get("replacement") else "''"
    return Typed(f"replace({value}, {old}, {new})", t.VARCHAR)


@rule(exp.Split)
def _split(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    no_extras(node, "this", "expression")
    value, by = text(self, node, "this", scope), text(self, node, "expression", scope)
    return Typed(f"string_split({value}, {by})", t.array(t.VARCHAR))


@rule(exp.SplitPart)
def _split_part(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value, by = text(self, node, "this", scope), text(self, node, "delimiter", scope)
    index = whole(self, node, "part_index", scope)
    # null behind the last part, where DuckDB's split_part answers ''.
    return Typed(f"list_extract(string_split({value}, {by}), {index})", t.VARCHAR)


@rule(exp.StartsWith)
def _starts_with(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value, prefix = text(self, node, "this", scope), text(self, node, "expression", scope)
    return Typed(f"starts_with({value}, {prefix})", t.BOOLEAN)


@rule(exp.StrPosition)
def _strpos(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    no_extras(node, "this", "substr")
    value, part = text(self, node, "this", scope), text(self, node, "substr", scope)
    return Typed(f"CAST(strpos({value}, {part}) AS BIGINT)", t.BIGINT)


@rule(exp.Pad)
def _pad(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    function = "lpad" if node.args.get("is_left") else "rpad"
    value, fill = text(self, node, "this", scope), text(self, node, "fill_pattern", scope)
    size = whole(self, node, "expression", scope)
    return Typed(f"{function}({value}, CAST({size} AS INTEGER), {fill})", t.VARCHAR)


@rule(exp.RegexpLike)
def _regexp_like(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    no_extras(node, "this", "expression")
    value, form = text(self, node, "this", scope), text(self, node, "expression", scope)
    return Typed(f"regexp_matches({value}, {form})", t.BOOLEAN)


@rule(exp.RegexpExtract)
def _regexp_extract(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    no_extras(node, "this", "expression", "group", "null_if_pos_overflow")
    value, form = text(self, node, "this", scope), text(self, node, "expression", scope)
    group = node.args.get("group")
    if group is not None and not (isinstance(group, exp.Literal) and group.name.isdigit()):
        raise not_supported("regexp_extract with a group that is no literal")
    number = group.name if group is not None else "0"
    # No match is null in Trino, '' in DuckDB.
    found = f"regexp_extract({value}, {form}, {number})"
    return Typed(f"(CASE WHEN regexp_matches({value}, {form}) THEN {found} END)", t.VARCHAR)


@rule(exp.RegexpReplace)
def _regexp_replace(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    no_extras(node, "this", "expression", "replacement")
    new = node.args.get("replacement")
    if new is not None and not (isinstance(new, exp.Literal) and "$" not in new.name):
        raise not_supported("regexp_replace with group references")
    value, form = text(self, node, "this", scope), text(self, node, "expression", scope)
    to = text(self, node, "replacement", scope) if new is not None else "''"
    return Typed(f"regexp_replace({value}, {form}, {to}, 'g')", t.VARCHAR)


@rule(exp.ParseJSON)
def _json_parse(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    return Typed(f"CAST({text(self, node, 'this', scope)} AS JSON)", t.JSON)


def _json(self: Expressions, node: exp.Expression, scope: Scope) -> str:
    value = require(self.arg(node, "this", scope), (*TEXT, "json"), "JSON function")
    valid = (
        f"CASE WHEN json_valid(CAST({value.sql} AS VARCHAR)) THEN CAST({value.sql} AS JSON) END"
    )
    return valid if value.type.name != "json" else value.sql


def _json_path(node: exp.Expression) -> str:
    path = node.expression
    if not isinstance(path, exp.JSONPath):
        raise not_supported("a JSON path that is no literal")
    shown = str(path.sql(dialect="duckdb"))
    if "*" in shown or ".." in shown:
        raise not_supported("JSON paths with wildcards")
    return shown


@rule(exp.JSONExtractScalar)
def _json_scalar(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value, path = _json(self, node, scope), _json_path(node)
    # Objects and arrays are null in Trino; DuckDB prints them.
    kind = f"json_type({value}, {path})"
    return Typed(
        f"(CASE WHEN {kind} NOT IN ('OBJECT', 'ARRAY') "
        f"THEN json_extract_string({value}, {path}) END)",
        t.VARCHAR,
    )


@rule(exp.JSONExtract)
def _json_extract(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    return Typed(f"json_extract({_json(self, node, scope)}, {_json_path(node)})", t.JSON)


@rule(exp.JSONFormat)
def _json_format(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.arg(node, "this", scope), ("json",), "function json_format")
    return Typed(f"CAST({value.sql} AS VARCHAR)", t.VARCHAR)


@named("json_array_length")
def _json_length(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    if len(node.expressions) != 1:
        raise type_mismatch("json_array_length takes one argument")
    holder = exp.Paren(this=node.expressions[0])
    value = _json(self, holder, scope)
    size = f"CAST(json_array_length({value}) AS BIGINT)"
    return Typed(f"(CASE WHEN json_type({value}) = 'ARRAY' THEN {size} END)", t.BIGINT)


@named("bitwise_and")
def _bitwise_and(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    left, right = (coerced(self.typed(one, scope), t.BIGINT) for one in node.expressions)
    return Typed(f"({left.sql} & {right.sql})", t.BIGINT)
