"""Expressions of constants only, computed before the query runs: are they null, true, false?"""

import threading
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import duckdb
import pyarrow as pa

from local_cloud.athena.engines.duck_sql.database import locked_connection
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.engines.duck_sql.udf import PREFIX, Udfs
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import Constant, Expr
from local_cloud.athena.sql.properties import has_try, is_constant

# To open one takes longer than to compute; it holds nothing but the functions of the moment.
_OF_THREAD = threading.local()
_NUMBERS = count()
_CANNOT_TELL = (duckdb.Error, pa.ArrowException, RuntimeError, QueryError, RecursionError)


@dataclass(slots=True)
class Constants:
    """What is known of the constant expressions of one query."""

    known: dict[Expr, Constant | None] = field(default_factory=dict)
    failed: set[Expr] = field(default_factory=set)

    def of(self, expr: Expr) -> Constant | None:
        """Its value, if that is null, true or false; None for another, or where it fails."""
        if isinstance(expr, Constant):
            return expr if expr.value is None or expr.type == t.BOOLEAN else None
        # Of what TRY gives, Trino knows nothing before the query runs.
        return self._value_of(expr) if is_constant(expr) and not has_try(expr) else None

    def fails(self, expr: Expr) -> bool:
        """Whether it fails, as far as can be told now."""
        if is_constant(expr):
            self._value_of(expr)
        return expr in self.failed

    def holds_null(self, expr: Expr) -> bool:
        """Whether it is an array, row or map with a null inside, as far as can be told now."""
        if not expr.type.args or not is_constant(expr):
            return False
        udfs = _fresh_udfs()
        try:
            return _has_null(_value(Text(udfs).of(expr), udfs))
        except _CANNOT_TELL:
            return False

    def _value_of(self, expr: Expr) -> Constant | None:
        if expr not in self.known:
            self.known[expr] = self._computed(expr)
        return self.known[expr]

    def _computed(self, expr: Expr) -> Constant | None:
        udfs = _fresh_udfs()
        try:
            sql = Text(udfs).of(expr)
            found = _value(sql if expr.type == t.BOOLEAN else f"({sql}) IS NULL", udfs)
        except _CANNOT_TELL:
            # It fails, or cannot be told: it is left to the query, which says so.
            self.failed.add(expr)
            return None
        if expr.type == t.BOOLEAN:
            return Constant(t.BOOLEAN, found)
        return Constant(expr.type, None) if found else None


def _fresh_udfs() -> Udfs:
    return Udfs(prefix=f"{PREFIX}_constant{next(_NUMBERS)}_")


def _has_null(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_null, value.values()))
    return any(map(_has_null, value)) if isinstance(value, (list, tuple)) else value is None


def _value(sql: str, udfs: Udfs) -> Any:
    if not hasattr(_OF_THREAD, "connection"):
        _OF_THREAD.connection = locked_connection()
    connection: Any = _OF_THREAD.connection
    udfs.register(connection)
    try:
        (found,) = connection.execute(f"SELECT {sql}").fetchone()
        udfs.check()
    except (duckdb.FatalException, duckdb.InternalException):
        # Nothing more can be asked of this database.
        del _OF_THREAD.connection
        raise
    finally:
        if hasattr(_OF_THREAD, "connection"):
            udfs.forget(connection)
    return found
