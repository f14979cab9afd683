"""CAST and TRY_CAST with Trino's rules: what text is accepted, how numbers round and print."""

from sqlglot import exp

from local_cloud.athena import types as t
from local_cloud.athena.failures import not_supported, type_mismatch
from local_cloud.athena.typed import NUMERIC, Typed, cast_text, quoted, raised
from local_cloud.athena.types import Type

# DuckDB's casts from text accept more than Trino's ('1.5' as integer, 'yes', '2026/01/01').
TEXT_FORMS = {
    **dict.fromkeys(t.INTEGERS, r"\s*[+-]?[0-9]+\s*"),
    "decimal": r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?",
    "double": r"\s*([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?Infinity|NaN)\s*",
    "real": r"\s*([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|[+-]?Infinity|NaN)\s*",
    "boolean": "(?i)t|f|true|false|1|0",
    "date": r"\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}\s*",
    "timestamp": r"\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}( [0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?)?\s*",
    "timestamp with time zone": (
        r"\s*[0-9]{4}-[0-9]{1,2}-[0-9]{1,2} [0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?"
        r" ?(UTC|Z|[+-][0-9]{2}:[0-9]{2})\s*"
    ),
}

# Java's shortest digits in Trino's form d.dE±n; built from DuckDB's own shortest digits.
MACROS = """
CREATE MACRO lake_digits(x) AS
    regexp_replace(regexp_replace(regexp_replace(CAST(abs(x) AS VARCHAR), 'e.*$', ''),
        '\\.', ''), '^0+', '');
CREATE MACRO lake_point(x) AS
    coalesce(TRY_CAST(regexp_extract(CAST(abs(x) AS VARCHAR), 'e(.*)$', 1) AS INTEGER), 0)
    + CASE WHEN regexp_matches(CAST(abs(x) AS VARCHAR), '^0?\\.0*[1-9]')
        THEN -length(regexp_extract(CAST(abs(x) AS VARCHAR), '^0?\\.(0*)', 1)) - 1
        ELSE length(regexp_extract(CAST(abs(x) AS VARCHAR), '^([0-9]+)', 1)) - 1 END;
CREATE MACRO lake_tail(x) AS regexp_replace(substr(lake_digits(x), 2), '0+$', '');
CREATE MACRO lake_double_text(x) AS CASE
    WHEN x IS NULL THEN NULL
    WHEN isnan(x) THEN 'NaN'
    WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'Infinity' ELSE '-Infinity' END
    WHEN x = 0 THEN CASE WHEN CAST(x AS VARCHAR) LIKE '-%' THEN '-0E0' ELSE '0E0' END
    ELSE concat(CASE WHEN x < 0 THEN '-' ELSE '' END, substr(lake_digits(x), 1, 1), '.',
        CASE WHEN lake_tail(x) = '' THEN '0' ELSE lake_tail(x) END, 'E', lake_point(x)) END;
"""

_SQL_NAMES = {
    "INT": t.INTEGER,
    "TEXT": t.VARCHAR,
    "FLOAT": t.REAL,
    "VARBINARY": t.VARBINARY,
    "BOOLEAN": t.BOOLEAN,
    "TINYINT": t.TINYINT,
    "SMALLINT": t.SMALLINT,
    "BIGINT": t.BIGINT,
    "DOUBLE": t.DOUBLE,
    "DATE": t.DATE,
    "JSON": t.JSON,
}


def sql_type(node: exp.DataType) -> Type:
    """The type that a query wrote after AS."""
    name = node.this.name
    sizes = [
        int(param.name) for param in node.expressions if isinstance(param, exp.DataTypeParam)
    ]
    if name == "DECIMAL":
        return t.decimal(sizes[0] if sizes else 38, sizes[1] if len(sizes) > 1 else 0)
    if name in ("VARCHAR", "CHAR"):
        return Type(name.lower(), precision=sizes[0] if sizes else None)
    if name in ("TIMESTAMP", "TIMESTAMPTZ"):
        return _timestamp(name, sizes)
    if name in ("ARRAY", "LIST", "MAP"):
        kind = "map" if name == "MAP" else "array"
        return Type(kind, tuple(sql_type(one) for one in node.expressions))
    if name == "STRUCT":
        return _row(node)
    if name in _SQL_NAMES:
        return _SQL_NAMES[name]
    raise not_supported(f"the type {node.sql(dialect='athena')}")


def _timestamp(name: str, sizes: list[int]) -> Type:
    if sizes and sizes[0] > 3:
        raise not_supported("timestamps finer than milliseconds (as Athena's tables)")
    return t.TIMESTAMP if name == "TIMESTAMP" else t.TIMESTAMP_TZ


def _row(node: exp.DataType) -> Type:
    names: list[str | None] = []
    kinds: list[Type] = []
    for field in node.expressions:
        named = isinstance(field, exp.ColumnDef)
        names.append(field.name.lower() if named else None)
        kinds.append(sql_type(field.args["kind"] if named else field))
    return Type("row", tuple(kinds), tuple(names))


def cast(value: Typed, to: Type, safe: bool) -> Typed:
    """`value` as `to`; with `safe`, null where the cast fails."""
    if value.type == to:
        return value
    if value.type.name == "unknown":
        return Typed(cast_text("NULL", to), to)
    sql = _cast_sql(value, to)
    return Typed(f"TRY({sql})" if safe else sql, to)


def _cast_sql(value: Typed, to: Type) -> str:
    have = value.type.name
    if have in ("varchar", "char"):
        return _from_text(value, to)
    if to.name in ("varchar", "char"):
        return _to_text(value, to)
    if have in NUMERIC and to.name in NUMERIC:
        return _number(value, to)
    if (have, to.name) in _PLAIN or have == to.name:
        if have in ("array", "map", "row"):
            return _nested(value, to)
        return cast_text(value.sql, to)
    if have == "boolean" and to.name in NUMERIC and to.name != "decimal":
        return cast_text(value.sql, to)
    raise type_mismatch(f"Cannot cast {value.type} to {to}")


_PLAIN = {
    ("date", "timestamp"),
    ("date", "timestamp with time zone"),
    ("timestamp", "date"),
    ("timestamp", "timestamp with time zone"),
    ("timestamp with time zone", "timestamp"),
    ("timestamp with time zone", "date"),
    ("array", "array"),
    ("map", "map"),
    ("row", "row"),
}


def _nested(value: Typed, to: Type) -> str:
    """Casts inside arrays, maps and rows are DuckDB's own, so only harmless ones pass."""
    if len(value.type.args) != len(to.args):
        raise type_mismatch(f"Cannot cast {value.type} to {to}")
    for have, want in zip(value.type.args, to.args, strict=True):
        if not _harmless(have, want):
            raise not_supported(f"cast({value.type} as {to})")
    if to.name == "row" and value.type.fields != to.fields:
        pairs = ", ".join(
            f"'{t.field_key(to, i)}': CAST(v[{i + 1}] AS {t.duck_name(kind)})"
            if not any(value.type.fields)
            else f"'{t.field_key(to, i)}': CAST(v.\"{t.field_key(value.type, i)}\" AS {t.duck_name(kind)})"
            for i, kind in enumerate(to.args)
        )
        pairs = pairs.replace("v[", "struct_extract_at(v, ").replace("] AS", ") AS")
        body = f"CASE WHEN v IS NULL THEN NULL ELSE {{{pairs}}} END"
        return f"list_extract(list_transform([{value.sql}], lambda v: {body}), 1)"
    return cast_text(value.sql, to)


def _harmless(have: Type, want: Type) -> bool:
    if have == want or have.name == "unknown":
        return True
    if have.name in t.INTEGERS and want.name in (*t.INTEGERS, "decimal", "double"):
        return True
    if (
        have.name in ("decimal", "varchar")
        and want.name == have.name
        and want.precision is None
    ):
        return True
    return have.name == want.name == "decimal" and have.scale <= want.scale


def _from_text(value: Typed, to: Type) -> str:
    if to.name in ("varchar", "char"):
        return f"substr({value.sql}, 1, {to.precision})" if to.precision else value.sql
    if to.name == "json":
        raise not_supported("cast(varchar as json), which makes a JSON string; use json_parse")
    if to.name == "varbinary":
        return f"encode({value.sql})"
    form = TEXT_FORMS.get(to.name)
    if form is None:
        raise type_mismatch(f"Cannot cast {value.type} to {to}")
    # \s around a whole number, date or double is trimmed by Trino, too.
    text = f"trim({value.sql})" if form.startswith(r"\s") else value.sql
    if to.name.startswith("timestamp with"):
        text = f"replace({text}, 'UTC', '+00:00')"
    inner = cast_text(text, to)
    failing = raised(f"INVALID_CAST_ARGUMENT: Value cannot be cast to {to}", value.sql, to)
    return (
        f"CASE WHEN {value.sql} IS NULL OR regexp_full_match({value.sql}, {quoted(form)}) "
        f"THEN {inner} ELSE {failing} END"
    )


def _to_text(value: Typed, to: Type) -> str:
    kind = value.type
    if kind.name == "double":
        text = f"lake_double_text({value.sql})"
    elif kind.name in (*t.INTEGERS, "decimal", "boolean", "date"):
        text = f"CAST({value.sql} AS VARCHAR)"
    elif kind.name == "timestamp":
        text = f"strftime({value.sql}, '%Y-%m-%d %H:%M:%S.%g')"
    elif kind.name == "timestamp with time zone":
        text = f"concat(strftime({value.sql}, '%Y-%m-%d %H:%M:%S.%g'), ' UTC')"
        text = f"CASE WHEN {value.sql} IS NULL THEN NULL ELSE {text} END"
    else:
        raise not_supported(f"cast({kind} as {to})")
    if to.precision is None:
        return text
    failing = raised(f"INVALID_CAST_ARGUMENT: Value cannot be cast to {to}", text, to)
    return f"CASE WHEN length({text}) > {to.precision} THEN {failing} ELSE {text} END"


def _number(value: Typed, to: Type) -> str:
    floating = value.type.name in ("double", "real")
    if floating and to.name in t.INTEGERS:
        # Half away from zero; DuckDB's cast rounds half to even.
        return cast_text(f"round({value.sql})", to)
    if floating and to.name == "decimal":
        return _double_to_decimal(value, to)
    return cast_text(value.sql, to)


def _double_to_decimal(value: Typed, to: Type) -> str:
    """Through the shortest digits; refused where more digits are asked than a double has."""
    through = cast_text(f"CAST({value.sql} AS VARCHAR)", to)
    limit = f"pow(10, {15 - to.scale})"
    failing = raised(
        f"NOT_SUPPORTED: cast(double as {to}) beyond 15 digits differs between engines",
        value.sql,
        to,
    )
    whole = f"({value.sql} = round({value.sql}) AND abs({value.sql}) <= 9007199254740992)"
    return (
        f"CASE WHEN {value.sql} IS NULL OR {whole} OR abs({value.sql}) < {limit} "
        f"THEN {through} ELSE {failing} END"
    )
