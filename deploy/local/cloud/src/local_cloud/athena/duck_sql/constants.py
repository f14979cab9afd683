"""Expressions of constants only, computed before the query runs: are they null, true, false?"""

from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa

from local_cloud.athena import types as t
from local_cloud.athena.duck_sql.database import locked_connection
from local_cloud.athena.duck_sql.text import Text
from local_cloud.athena.duck_sql.udf import PREFIX, Udfs
from local_cloud.athena.failures import QueryError
from local_cloud.athena.ir import Constant, Expr, is_constant


@dataclass(slots=True)
class Constants:
    """What is known of the constant expressions of one query."""

    known: dict[Expr, Constant | None] = field(default_factory=dict)
    failed: set[Expr] = field(default_factory=set)
    _connection: Any = None

    def of(self, expr: Expr) -> Constant | None:
        """Its value, if that is null, true or false; None for another, or where it fails."""
        if isinstance(expr, Constant):
            return expr if expr.value is None or expr.type == t.BOOLEAN else None
        if not is_constant(expr):
            return None
        if expr not in self.known:
            self.known[expr] = self._computed(expr)
        return self.known[expr]

    def fails(self, expr: Expr) -> bool:
        """Whether it fails, as far as can be told now."""
        self.of(expr)
        return expr in self.failed

    def _computed(self, expr: Expr) -> Constant | None:
        udfs = Udfs(prefix=f"{PREFIX}_constant{len(self.known)}_{len(self.failed)}_")
        try:
            sql = Text(udfs).of(expr)
            if self._connection is None:
                self._connection = locked_connection()
            udfs.register(self._connection)
            shown = sql if expr.type == t.BOOLEAN else f"({sql}) IS NULL"
            (found,) = self._connection.execute(f"SELECT {shown}").fetchone()
            udfs.check()
        except (duckdb.Error, pa.ArrowException, RuntimeError, QueryError, RecursionError):
            # It fails, or cannot be told: it is left to the query, which says so.
            self.failed.add(expr)
            return None
        if expr.type == t.BOOLEAN:
            return Constant(t.BOOLEAN, found)
        return Constant(expr.type, None) if found else None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
