"""ORDER BY, and when two rows are one: keys by which DuckDB orders and groups as Trino does."""

from collections.abc import Sequence

from local_cloud.athena.engines.duck_sql import comparing
from local_cloud.athena.engines.duck_sql.representation import literal
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import SortKey
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values.encoding import identity_bytes, order_bytes


def sort_value(text: Text, sql: str, of: Type, nan: int = 1) -> str:
    """SQL whose order in DuckDB is the values' order in Trino.

    With `nan=-1` NaN inside of a value is the smallest number (COMPARISON_UNORDERED_FIRST).
    """
    if of.args:
        return text.python(
            lambda value: order_bytes(value, of, nan),
            (of,),
            t.VARBINARY,
            sql,
            key=("order", of, nan),
        )
    if of.name in ("double", "real"):
        # DuckDB gives back its sort keys for the values, and its keys know one zero only.
        return f"({sql} + {literal(0.0, of)})"
    return comparing.key(sql, of)


def sort_item(text: Text, sql: str, of: Type, key: SortKey) -> str:
    """`a ASC NULLS LAST`: where nulls are first, so is NaN (TypeOperators.getOrderingOperator)."""
    placed = direction(key)
    value = sort_value(text, sql, of, -1 if key.nulls_first else 1)
    if key.nulls_first and of.name in ("double", "real"):
        return f"(NOT isnan({sql})) {placed}, {value} {placed}"
    return f"{value} {placed}"


def sort_text(text: Text, keys: Sequence[SortKey]) -> str:
    """`a ASC NULLS LAST, …`"""
    return ", ".join(sort_item(text, text.of(one.value), one.value.type, one) for one in keys)


def direction(key: SortKey) -> str:
    return (
        f"{'DESC' if key.descending else 'ASC'} NULLS {'FIRST' if key.nulls_first else 'LAST'}"
    )


def groups_as_is(of: Type) -> bool:
    """Whether DuckDB takes two values of this type for one exactly where Trino does."""
    return not t.holds(of, "timestamp with time zone", "map")


def group_value(text: Text, sql: str, of: Type) -> str:
    """SQL that is equal for exactly those values that are not distinct."""
    if groups_as_is(of):
        return sql
    if not of.args:
        return comparing.key(sql, of)
    return text.python(
        lambda value: identity_bytes(value, of),
        (of,),
        t.VARBINARY,
        sql,
        key=("identity", of),
    )


def partition_value(text: Text, sql: str, of: Type) -> str:
    """The same for PARTITION BY, of which Trino makes groups by sorting where that can be."""
    if not t.is_orderable(of):
        # Where it has to sort, Trino fails.
        raise not_supported(f"PARTITION BY {of}")
    if not of.args:
        return group_value(text, sql, of)
    return text.python(
        lambda value: order_bytes(value, of), (of,), t.VARBINARY, sql, key=("order", of)
    )
