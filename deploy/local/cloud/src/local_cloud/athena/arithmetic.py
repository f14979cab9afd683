"""Trino's arithmetic on typed SQL: precision rules, truncating division, real errors."""

from local_cloud.athena import types as t
from local_cloud.athena.failures import QueryError, not_supported, type_mismatch
from local_cloud.athena.typed import NUMERIC, Typed, as_decimal, cast_text, common, raised
from local_cloud.athena.types import Type

DIVISION_BY_ZERO = "DIVISION_BY_ZERO: Division by zero"
SYMBOLS = {"+": "+", "-": "-", "*": "*", "/": "/", "%": "%"}

# Long division in chunks of digits: DuckDB divides decimals as doubles. `a` and `b` are unscaled
# absolute values. `steps` holds powers of ten whose product is the shift; nothing wider than 128
# bits is needed while the divisor has at most 37 digits, beyond that DuckDB reports an overflow.
# Every literal is typed: an untyped one would turn the whole into doubles.
MACROS = """
CREATE MACRO lake_unscaled(x) AS
    CAST(replace(replace(CAST(x AS VARCHAR), '.', ''), '-', '') AS HUGEINT);
CREATE MACRO lake_long(a, b, steps) AS list_reduce(
    list_concat(
        [{'q': a // b, 'r': a % b, 'b': b, 'm': 1::HUGEINT}],
        list_transform(steps, lambda m: {'q': 0::HUGEINT, 'r': 0::HUGEINT, 'b': b, 'm': m})),
    lambda s, i: {'q': s.q * i.m + (s.r * i.m) // s.b, 'r': (s.r * i.m) % s.b,
                  'b': s.b, 'm': i.m});
"""


def add_type(a: Type, b: Type) -> Type:
    """decimal(p,s) of a sum or difference."""
    scale = max(a.scale, b.scale)
    whole = max((a.precision or 0) - a.scale, (b.precision or 0) - b.scale)
    return t.decimal(min(t.MAX_DECIMAL, whole + scale + 1), scale)


def multiply_type(a: Type, b: Type) -> Type:
    scale = a.scale + b.scale
    if scale > t.MAX_DECIMAL:
        raise QueryError(
            "INVALID_FUNCTION_ARGUMENT", f"DECIMAL scale must be in range [0, 38]: {scale}"
        )
    return t.decimal(min(t.MAX_DECIMAL, (a.precision or 0) + (b.precision or 0)), scale)


def divide_type(a: Type, b: Type) -> Type:
    precision = (a.precision or 0) + b.scale + max(0, b.scale - a.scale)
    return t.decimal(min(t.MAX_DECIMAL, precision), max(a.scale, b.scale))


def modulus_type(a: Type, b: Type) -> Type:
    scale = max(a.scale, b.scale)
    whole = min((a.precision or 0) - a.scale, (b.precision or 0) - b.scale)
    return t.decimal(min(t.MAX_DECIMAL, whole + scale), scale)


def binary(operator: str, left: Typed, right: Typed) -> Typed:
    """`left operator right` for + - * / % on numbers; other types are refused."""
    if "unknown" in (left.type.name, right.type.name):
        other = right.type if left.type.name == "unknown" else left.type
        return Typed(f"CAST(NULL AS {t.duck_name(other)})", other)
    if left.type.name not in NUMERIC or right.type.name not in NUMERIC:
        raise type_mismatch(f"Cannot apply operator: {left.type} {operator} {right.type}")
    kind = common(left.type, right.type)
    if kind is None:
        raise type_mismatch(f"Cannot apply operator: {left.type} {operator} {right.type}")
    if kind.name == "decimal":
        return _decimal(operator, left, right)
    a, b = cast_text(left.sql, kind), cast_text(right.sql, kind)
    if kind.name in t.INTEGERS:
        return _integer(operator, a, b, right.constant, kind)
    return _floating(operator, a, b, kind)


def _floating(operator: str, a: str, b: str, kind: Type) -> Typed:
    if kind.name == "real":
        raise not_supported(f"arithmetic on real ({operator}); cast to double")
    if operator == "/":
        # DuckDB answers 0e0/0e0 with infinity.
        return Typed(
            f"CASE WHEN {b} = 0 AND {a} = 0 THEN 'NaN'::DOUBLE ELSE ({a} / {b}) END", kind
        )
    return Typed(f"({a} {operator} {b})", kind)


def _integer(operator: str, a: str, b: str, divisor: str | None, kind: Type) -> Typed:
    if operator in "/%":
        b = nonzero(b, divisor, kind)
        return Typed(f"({a} {'//' if operator == '/' else '%'} {b})", kind)
    return Typed(f"({a} {operator} {b})", kind)


def nonzero(sql: str, constant: str | None, kind: Type) -> str:
    """A divisor that fails by name when it is zero; DuckDB answers null there."""
    if constant is not None and constant.strip("0.") != "":
        return sql
    return f"CASE WHEN {sql} = 0 THEN {raised(DIVISION_BY_ZERO, sql, kind)} ELSE {sql} END"


def _decimal(operator: str, left: Typed, right: Typed) -> Typed:
    a, b = as_decimal(left.type), as_decimal(right.type)
    x, y = cast_text(left.sql, a), cast_text(right.sql, b)
    if operator in "+-":
        kind = add_type(a, b)
        # At the full 38 digits both sides must have the result's type, or DuckDB widens.
        x, y = cast_text(x, kind), cast_text(y, kind)
        return Typed(cast_text(f"({x} {operator} {y})", kind), kind)
    if operator == "*":
        kind = multiply_type(a, b)
        return Typed(cast_text(f"({x} * {y})", kind), kind)
    if operator == "/":
        return divided(Typed(x, a), Typed(y, b, right.constant))
    return _remainder(Typed(x, a), Typed(y, b, right.constant))


def divided(left: Typed, right: Typed) -> Typed:
    """Quotient of two decimals, rounded half up to Trino's scale."""
    kind = divide_type(left.type, right.type)
    shift = kind.scale + right.type.scale - left.type.scale
    power = f"{10**shift}::HUGEINT"
    room = f"{10 ** (t.MAX_DECIMAL - shift)}::HUGEINT"
    # Each stage binds what the next one uses several times; a null dividend or divisor stays null.
    stages = (
        f"{{'a': v.a, 'b': v.b, 'n': v.n, 'd': CASE WHEN v.a < {room} "
        f"THEN (v.a * {power}) // v.b END}}",
        f"{{'n': v.n, 'w': CASE WHEN v.d IS NOT NULL "
        f"THEN {{'q': v.d, 'r': v.a * {power} - v.d * v.b, 'b': v.b, 'm': 1::HUGEINT}} "
        f"ELSE lake_long(v.a, v.b, {_steps('v.b', shift)}) END}}",
        "{'n': v.n, 'x': v.w.q + CASE WHEN v.w.r >= v.w.b - v.w.r THEN 1::HUGEINT "
        "ELSE 0::HUGEINT END}",
    )
    return Typed(_bound(left, _checked(right), stages, kind), kind)


def _checked(divisor: Typed) -> Typed:
    return Typed(nonzero(divisor.sql, divisor.constant, divisor.type), divisor.type)


def _steps(divisor: str, shift: int) -> str:
    """The shift in chunks as large as the divisor leaves room for."""

    def chunks(digits: int) -> str:
        sizes = [digits] * (shift // digits) + ([shift % digits] if shift % digits else [])
        return f"[{', '.join(f'{10**size}::HUGEINT' for size in sizes)}]::HUGEINT[]"

    cases = " ".join(
        f"WHEN {divisor} < {10 ** (t.MAX_DECIMAL - digits)}::HUGEINT THEN {chunks(digits)}"
        for digits in (18, 12, 6)
    )
    return f"(CASE {cases} ELSE {chunks(1)} END)"


def _remainder(left: Typed, right: Typed) -> Typed:
    kind = modulus_type(left.type, right.type)
    scale = max(left.type.scale, right.type.scale)
    up_a, up_b = 10 ** (scale - left.type.scale), 10 ** (scale - right.type.scale)
    body = f"(v.a * {up_a}::HUGEINT) % (v.b * {up_b}::HUGEINT)"
    stage = f"{{'n': v.s, 'x': {body}}}"
    return Typed(_bound(left, _checked(right), (stage,), kind), kind)


def _bound(left: Typed, right: Typed, stages: tuple[str, ...], kind: Type) -> str:
    """The stages over both operands, each computed once (lambda as let), scaled and signed."""
    sql = (
        f"[{{'l': {left.sql}, 'r': {right.sql}}}]",
        "{'a': lake_unscaled(v.l), 'b': lake_unscaled(v.r), 's': v.l < 0, "
        "'n': (v.l < 0) <> (v.r < 0)}",
        *stages,
    )
    value = sql[0]
    for stage in sql[1:]:
        value = f"list_transform({value}, lambda v: {stage})"
    signed = "CAST(CASE WHEN v.n THEN -v.x ELSE v.x END AS DECIMAL(38,0))"
    scaled = f"({signed}) * {_unit(kind.scale)}" if kind.scale else signed
    return f"list_extract(list_transform({value}, lambda v: {cast_text(scaled, kind)}), 1)"


def _unit(scale: int) -> str:
    text = "0." + "0" * (scale - 1) + "1"
    return f"CAST('{text}' AS DECIMAL({scale},{scale}))"


def negated(value: Typed) -> Typed:
    if value.type.name not in (*NUMERIC, "interval day to second"):
        raise type_mismatch(f"Cannot negate {value.type}")
    constant = value.constant
    return Typed(f"(-{value.sql})", value.type, f"-{constant}" if constant else None)
