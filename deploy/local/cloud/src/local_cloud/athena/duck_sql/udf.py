"""Python functions that one query calls from DuckDB's SQL, batch by batch of Arrow arrays."""

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import Parameter, Signature
from typing import Any

from duckdb.func import FunctionNullHandling, PythonUDFType

from local_cloud.athena.duck_sql.representation import duck_type
from local_cloud.athena.failures import QueryError, not_supported
from local_cloud.athena.types import Type
from local_cloud.athena.values.arrow import to_arrow, to_python

# What TRY and TRY_CAST make null of (TryFunction).
CAUGHT = (
    "DIVISION_BY_ZERO",
    "INVALID_CAST_ARGUMENT",
    "INVALID_FUNCTION_ARGUMENT",
    "NUMERIC_VALUE_OUT_OF_RANGE",
)
# What a failed call says, for the engine to find the error by.
MARK = "<<coinlake-error-"


@dataclass(frozen=True, slots=True)
class Udf:
    name: str
    function: Callable[..., Any]
    arguments: tuple[Type, ...]
    result: Type


@dataclass(slots=True)
class Udfs:
    """The functions of one query, and what went wrong in them."""

    made: dict[Any, Udf] = field(default_factory=dict)
    failures: list[QueryError] = field(default_factory=list)
    # What TRY must not turn into null: what Trino's does not, and what this engine cannot say.
    refusal: QueryError | None = None
    # Whether the query casts columns of JSON to arrays, maps or rows.
    casts_json_columns: bool = False

    def name_of(
        self,
        function: Callable[..., Any],
        arguments: tuple[Type, ...],
        result: Type,
        nullable: tuple[bool, ...],
        key: Any = None,
    ) -> str:
        """The SQL name under which `function` can be called with these types.

        Where an argument that is not `nullable` is null, so is the result. Functions with an
        equal `key` are the same.
        """
        known = (key if key is not None else function, arguments, result, nullable)
        found = self.made.get(known)
        if found is None:
            name = f"lake_udf{len(self.made)}"
            batch = self._batch(function, arguments, result, nullable)
            found = self.made[known] = Udf(name, batch, arguments, result)
        return found.name

    def _batch(
        self,
        function: Callable[..., Any],
        arguments: tuple[Type, ...],
        result: Type,
        nullable: tuple[bool, ...],
    ) -> Callable[..., Any]:
        required = [index for index, flag in enumerate(nullable) if not flag]

        def computed(values: tuple[Any, ...]) -> Any:
            if any(values[index] is None for index in required):
                return None
            return function(*values)

        def batch(*arrays: Any) -> Any:
            columns = [
                to_python(array, kind) for array, kind in zip(arrays, arguments, strict=True)
            ]
            try:
                made = [computed(values) for values in zip(*columns, strict=True)]
            except QueryError as error:
                raise self._noted(error) from error
            return to_arrow(made, result)

        # DuckDB counts the parameters of a function's signature.
        batch.__signature__ = Signature(  # type: ignore[attr-defined]
            [Parameter(f"a{i}", Parameter.POSITIONAL_ONLY) for i in range(len(arguments))]
        )
        return batch

    def _noted(self, error: QueryError) -> Exception:
        if error.name not in CAUGHT:
            self.refusal = error
        self.failures.append(error)
        return ValueError(f"{MARK}{len(self.failures) - 1}>>")

    def check(self) -> None:
        """Refuse an answer in which TRY, or a branch not taken, hides such an error."""
        if self.refusal is None:
            return
        if self.refusal.name == "NOT_SUPPORTED":
            raise self.refusal
        raise not_supported(f"TRY around what fails with {self.refusal}")

    def register(self, connection: Any) -> None:
        """Make all of them known to a connection."""
        for one in self.made.values():
            connection.create_function(
                one.name,
                one.function,
                [duck_type(kind) for kind in one.arguments],
                duck_type(one.result),
                type=PythonUDFType.ARROW,
                null_handling=FunctionNullHandling.SPECIAL,
            )

    def failure(self, said: str) -> QueryError | None:
        """The error that an engine's message comes from, if it is one of these functions'."""
        start = said.rfind(MARK)
        if start < 0:
            return None
        return self.failures[int(said[start + len(MARK) :].split(">>")[0])]
