"""Functions of text by its characters, which are code points (trino-main: StringFunctions)."""

from collections.abc import Callable

from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import invalid_argument, not_supported
from local_cloud.athena.sql.ir import BoundCall, ColumnRef, Constant, Expr
from local_cloud.athena.sql.values import letters, strings
from local_cloud.athena.sql.values.strings import MAX_INT, spaced

# ---- length and parts -------------------------------------------------------------------------


@sql("length(varchar(x))")
def _length(value: str) -> str:
    return f"length({value})"


@python("length(char(x))")
def _char_length(_: str, types: Signature) -> int:
    return types.arguments[0].precision or 0


def _is_positive(expr: Expr) -> bool:
    return isinstance(expr, Constant) and expr.value is not None and expr.value > 0


@sql("substr(varchar(x),bigint)", "substring(varchar(x),bigint)")
def _suffix(value: str, start: str, text: Text, call: BoundCall) -> str:
    # DuckDB agrees on places from 1 on, within an integer.
    if _is_positive(call.arguments[1]):
        return f"substring({value}, least({start}, {MAX_INT}))"
    kinds = (t.VARCHAR, t.BIGINT)
    return text.python(strings.suffix, kinds, t.VARCHAR, value, start)


@sql("substr(varchar(x),bigint,bigint)", "substring(varchar(x),bigint,bigint)")
def _substring(value: str, start: str, length: str, text: Text, call: BoundCall) -> str:
    if _is_positive(call.arguments[1]) and _is_positive(call.arguments[2]):
        return f"substring({value}, least({start}, {MAX_INT}), least({length}, {MAX_INT}))"
    kinds = (t.VARCHAR, t.BIGINT, t.BIGINT)
    return text.python(strings.substring, kinds, t.VARCHAR, value, start, length)


@python("substr(char(x),bigint)", "substring(char(x),bigint)")
def _char_suffix(value: str, start: int, types: Signature) -> str:
    return strings.suffix(spaced(value, types.arguments[0]), start)


@python("substr(char(x),bigint,bigint)", "substring(char(x),bigint,bigint)")
def _char_substring(value: str, start: int, length: int, types: Signature) -> str:
    return strings.substring(spaced(value, types.arguments[0]), start, length)


@sql("strpos(varchar(x),varchar(y))")
def _strpos(value: str, part: str) -> str:
    return f"strpos({value}, {part})"


@python("strpos(varchar(x),varchar(y),bigint)")
def _strpos_instance(value: str, part: str, instance: int) -> int:
    return strings.position(value, part, instance)


@sql("starts_with(varchar(x),varchar(y))")
def _starts_with(value: str, prefix: str) -> str:
    return f"starts_with({value}, {prefix})"


# ---- other characters -------------------------------------------------------------------------


def _cased(name: str, function: Callable[[str], str]) -> None:
    """DuckDB knows another version of Unicode, but ASCII has not changed."""

    @sql(f"{name}(varchar(x))", f"{name}(char(x))")
    def write(value: str, text: Text, call: BoundCall) -> str:
        of = call.bound.arguments[0]
        made = text.python(function, (of,), call.type, value)
        if not isinstance(call.arguments[0], ColumnRef):
            return made
        return f"(CASE WHEN strlen({value}) = length({value}) THEN {name}({value}) ELSE {made} END)"


_cased("upper", letters.upper)
_cased("lower", letters.lower)


@python("reverse(varchar(x))")
def _reverse(value: str) -> str:
    return value[::-1]


@python("reverse(char(x))")
def _reverse_char(value: str, types: Signature) -> str:
    found = spaced(value, types.arguments[0])[::-1]
    if found.endswith(" "):
        # Trino makes a char that it then cannot write.
        raise not_supported("the reverse of a char that begins with a space")
    return found


@sql("replace(varchar(x),varchar(y))")
def _removed(value: str, search: str) -> str:
    # An empty text is removed without a trace.
    return f"replace({value}, {search}, '')"


@sql("replace(varchar(x),varchar(y),varchar(z))")
def _replace(value: str, search: str, replacement: str, text: Text, call: BoundCall) -> str:
    known = [one for one in call.arguments[1:] if isinstance(one, Constant) and one.value]
    if len(known) == 2 and len(known[1].value) <= len(known[0].value):
        return f"replace({value}, {search}, {replacement})"
    kinds = (t.VARCHAR, t.VARCHAR, t.VARCHAR)
    return text.python(strings.replaced, kinds, t.VARCHAR, value, search, replacement)


@python("translate(varchar(x),varchar(y),varchar(z))")
def _translate(value: str, source: str, target: str) -> str:
    return strings.translated(value, source, target)


@python("normalize(varchar(x),varchar(y))")
def _normalize(value: str, form: str) -> str:
    return letters.normal_form(value, form)


@python("chr(bigint)")
def _chr(code: int) -> str:
    if not 0 <= code <= 0x10FFFF or 0xD800 <= code < 0xE000:
        raise invalid_argument(f"Not a valid Unicode code point: {code}")
    return chr(code)


@python("codepoint(varchar(1))")
def _codepoint(value: str) -> int:
    if len(value) != 1:
        raise invalid_argument("Input string must be a single character string")
    return ord(value)
