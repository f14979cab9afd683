"""What a form of an expression needs of whoever writes the whole query (`text.Text`)."""

from collections.abc import Callable
from typing import Any, Protocol

from local_cloud.athena.engines.duck_sql.udf import Udfs
from local_cloud.athena.sql.ir import Expr
from local_cloud.athena.sql.types import Type


class ExpressionWriter(Protocol):
    """Writes DuckDB's SQL of expressions, and calls of Python where that answers otherwise."""

    udfs: Udfs

    def of(self, expr: Expr) -> str:
        """DuckDB's SQL of an expression."""

    def python(
        self,
        function: Callable[..., Any],
        arguments: tuple[Type, ...],
        result: Type,
        *sql: str,
        key: Any = None,
        nullable: bool = False,
    ) -> str:
        """A call of a Python function on SQL arguments of these types."""
