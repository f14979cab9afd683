"""Python functions that one query calls from DuckDB's SQL, batch by batch of Arrow arrays."""

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import Parameter, Signature
from typing import Any

from duckdb.func import FunctionNullHandling, PythonUDFType

from local_cloud.athena.engines.duck_sql.representation import duck_type
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values.arrow import to_arrow, to_python

# What Python functions are called in SQL, a number behind it.
PREFIX = "lake_udf"
# What a failed call says, for the engine to find the error by.
MARK = "<<coinlake-error-"
# The errors that TRY makes null of (TryFunction.propagateIfUnhandled).
CAUGHT_BY_TRY = frozenset(
    (
        "DIVISION_BY_ZERO",
        "INVALID_CAST_ARGUMENT",
        "INVALID_FUNCTION_ARGUMENT",
        "NUMERIC_VALUE_OUT_OF_RANGE",
    )
)


@dataclass(frozen=True, slots=True)
class Udf:
    """A function of values, and how it is called.

    Where an argument that is not `nullable` is null, so is the result. One that is `quiet` stands
    inside of TRY and gives null where it fails.
    """

    function: Callable[..., Any]
    arguments: tuple[Type, ...]
    result: Type
    nullable: tuple[bool, ...]
    quiet: bool = False
    # Whether DuckDB must not try it on constants before a row asks for it.
    lazy: bool = False

    def computed(self, values: tuple[Any, ...]) -> Any:
        """The result for one row."""
        for value, flag in zip(values, self.nullable, strict=True):
            if value is None and not flag:
                return None
        return self.function(*values)


@dataclass(slots=True)
class Udfs:
    """The functions of one query, and what went wrong in them."""

    made: dict[Any, tuple[str, Udf]] = field(default_factory=dict)
    failures: list[QueryError] = field(default_factory=list)
    # What a function inside of TRY failed with, and TRY does not catch: "this engine cannot say" too.
    uncaught: QueryError | None = None
    # Names of their own for functions that one connection knows beside others.
    prefix: str = PREFIX
    # Whether the query casts columns of JSON to arrays, maps or rows.
    casts_json_columns: bool = False

    def name_of(self, udf: Udf, key: Any = None) -> str:
        """The SQL name under which `udf` can be called; those with an equal `key` are the same."""
        of = udf.function if key is None else key
        known = (of, udf.arguments, udf.result, udf.nullable, udf.quiet, udf.lazy)
        if known not in self.made:
            self.made[known] = (f"{self.prefix}{len(self.made)}", udf)
        return self.made[known][0]

    def _batch(self, udf: Udf) -> Callable[..., Any]:
        def batch(*arrays: Any) -> Any:
            columns = [
                to_python(array, kind)
                for array, kind in zip(arrays, udf.arguments, strict=True)
            ]
            try:
                made = [self._value(udf, values) for values in zip(*columns, strict=True)]
            except QueryError as error:
                raise self._noted(error) from error
            return to_arrow(made, udf.result)

        # DuckDB counts the parameters of a function's signature.
        batch.__signature__ = Signature(  # type: ignore[attr-defined]
            [Parameter(f"a{i}", Parameter.POSITIONAL_ONLY) for i in range(len(udf.arguments))]
        )
        return batch

    def _value(self, udf: Udf, values: tuple[Any, ...]) -> Any:
        try:
            return udf.computed(values)
        except QueryError as error:
            if not udf.quiet:
                raise
            # To raise here would end DuckDB's process.
            if error.name not in CAUGHT_BY_TRY:
                self.uncaught = error
            return None

    def _noted(self, error: QueryError) -> Exception:
        self.failures.append(error)
        return ValueError(f"{MARK}{len(self.failures) - 1}>>")

    def check(self) -> None:
        """Raise what no TRY makes null of."""
        if self.uncaught is not None:
            raise self.uncaught

    def register(self, connection: Any) -> None:
        """Make all of them known to a connection."""
        for name, one in self.made.values():
            connection.create_function(
                name,
                self._batch(one),
                [duck_type(kind) for kind in one.arguments],
                duck_type(one.result),
                type=PythonUDFType.ARROW,
                null_handling=FunctionNullHandling.SPECIAL,
                side_effects=one.lazy,
            )

    def forget(self, connection: Any) -> None:
        """Make all of them unknown to a connection again."""
        for name, _ in self.made.values():
            connection.remove_function(name)

    def failure(self, said: str) -> QueryError | None:
        """The error that an engine's message comes from, if it is one of these functions'."""
        start = said.rfind(MARK)
        if start < 0:
            return None
        return self.failures[int(said[start + len(MARK) :].split(">>")[0])]
