"""What each declared function does: as DuckDB's SQL, or as Python where that answers otherwise.

An implementation is found by the declaration's key, such as `substr(varchar(x),bigint)`. What has
none is refused by name: a function that might answer something else is none.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from local_cloud.athena.sql.ir import BoundCall
from local_cloud.athena.sql.signatures.declared import catalogue
from local_cloud.athena.sql.types import Type


@dataclass(frozen=True, slots=True)
class Signature:
    """The types of one call: `arguments` as the function takes them, and its result's."""

    arguments: tuple[Type, ...]
    result: Type


@dataclass(frozen=True, slots=True)
class SqlFunction:
    """`write` gives DuckDB's SQL of the result from that of the arguments.

    `wants` are what else it asks for by name: `types` (the call's Signature), `call` (the Call
    itself), `text` (the writer, to call Python or raise). One that is `total` (for this call)
    never fails, so that it may be evaluated for rows that nobody asked for.
    """

    write: Callable[..., str]
    wants: frozenset[str]
    total: bool | Callable[[BoundCall], bool] = False

    def never_fails(self, call: BoundCall) -> bool:
        return self.total if isinstance(self.total, bool) else self.total(call)


@dataclass(frozen=True, slots=True)
class PythonFunction:
    """`function` computes one value; it sees null arguments only where Trino's would."""

    function: Callable[..., Any]
    wants_types: bool


@dataclass(frozen=True, slots=True)
class AggregateFunction:
    """`write` gives DuckDB's SQL of an `AggregateText`."""

    write: Callable[..., str]


Implementation = SqlFunction | PythonFunction | AggregateFunction
IMPLEMENTATIONS: dict[str, Implementation] = {}
Writing = TypeVar("Writing", bound=Callable[..., str])
Computing = TypeVar("Computing", bound=Callable[..., Any])


def _register(keys: tuple[str, ...], one: Implementation) -> None:
    known = _known_keys()
    for key in keys:
        if key not in known:
            raise KeyError(f"Trino declares no function {key}")
        if key in IMPLEMENTATIONS:
            raise KeyError(f"{key} has two implementations")
        IMPLEMENTATIONS[key] = one


def _known_keys() -> frozenset[str]:
    return frozenset(one.key for ones in catalogue().values() for one in ones)


def _wants(function: Callable[..., Any]) -> frozenset[str]:
    return frozenset(inspect.signature(function).parameters) & {"types", "call", "text"}


def sql(
    *keys: str, total: bool | Callable[[BoundCall], bool] = False
) -> Callable[[Writing], Writing]:
    """Register a function from its arguments' SQL to the result's (see SqlFunction)."""

    def register(write: Writing) -> Writing:
        _register(keys, SqlFunction(write, _wants(write), total))
        return write

    return register


def python(*keys: str) -> Callable[[Computing], Computing]:
    """Register a function of values; a parameter called `types` gets the call's Signature."""

    def register(function: Computing) -> Computing:
        _register(keys, PythonFunction(function, "types" in _wants(function)))
        return function

    return register


def aggregate(*keys: str) -> Callable[[Writing], Writing]:
    """Register an aggregate or window function, from an `AggregateText` to DuckDB's SQL."""

    def register(write: Writing) -> Writing:
        _register(keys, AggregateFunction(write))
        return write

    return register
