"""One evaluation of an SQL/JSON path: its state, its errors, and who evaluates which node."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import json_path_tree as tree
from local_cloud.athena.sql.values.json_items import Item, TypedValue, kind_of, number
from local_cloud.athena.sql.values.json_nodes import Node
from local_cloud.athena.sql.values.json_path_numbers import IS_NUMBER


class PathError(QueryError):
    """A path that cannot be evaluated: what ON ERROR is about (PathEvaluationException)."""

    def __init__(self, message: str) -> None:
        super().__init__("PATH_EVALUATION_ERROR", f"path evaluation failed: {message}")


Operator = Callable[[Any, Any], Any]


class Operators(Protocol):
    """Trino's operators on two values of any types (CachingResolver)."""

    def arithmetic(
        self, operator: str, left: Type, right: Type
    ) -> tuple[Operator, Type] | None:
        """`+ - * / %` and its result's type; None where Trino has no such operator."""

    def comparison(self, operator: str, left: Type, right: Type) -> Operator | None:
        """`= < <=`; None where Trino does not compare these types."""


def is_refusal(error: QueryError) -> bool:
    """Whether this engine cannot say: no ON ERROR may hide that."""
    return error.name == "NOT_SUPPORTED"


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the JSON a part of the path is evaluated."""

    last: int = -1
    items: tuple[Item, ...] = ()


@dataclass(slots=True)
class Evaluation:
    """One path on one input. `parameters` are sequences: none is the empty one."""

    lax: bool
    input: Node
    parameters: Mapping[str, list[Item]]
    operators: Operators
    objects: int = 0

    def of(self, path: tree.Path, at: Place) -> list[Item]:
        return EVALUATORS[type(path)](self, path, at)

    def unwrapped(self, path: tree.Path, at: Place) -> list[Item]:
        """The path's items; in lax mode, arrays are replaced by their elements."""
        found = self.of(path, at)
        return unwrapped(found) if self.lax else found

    def truth(self, predicate: tree.Predicate, at: Place) -> bool | None:
        return PREDICATES[type(predicate)](self, predicate, at)


Evaluator = TypeVar("Evaluator", bound=Callable[..., list[Item]])
Judge = TypeVar("Judge", bound=Callable[..., bool | None])
# Filled by the modules that `json_functions` registers.
EVALUATORS: dict[type[tree.Path], Callable[..., list[Item]]] = {}
PREDICATES: dict[type[tree.Predicate], Callable[..., bool | None]] = {}


def evaluates(kind: type[tree.Path]) -> Callable[[Evaluator], Evaluator]:
    """Register a function of (evaluation, node, place)."""

    def register(function: Evaluator) -> Evaluator:
        EVALUATORS[kind] = function
        return function

    return register


def judges(kind: type[tree.Predicate]) -> Callable[[Judge], Judge]:
    """Register a function of (evaluation, predicate, place)."""

    def register(function: Judge) -> Judge:
        PREDICATES[kind] = function
        return function

    return register


def unwrapped(items: list[Item]) -> list[Item]:
    if not any(isinstance(one, list) for one in items):
        return items
    made: list[Item] = []
    for one in items:
        if isinstance(one, list):
            made += one
        else:
            made.append(one)
    return made


def wrong_kind(expected: str, item: Item) -> PathError:
    return PathError(f"invalid item type. Expected: {expected}, actual: {kind_of(item)}")


def checked(compute: Callable[..., Any], *values: Any) -> Any:
    """What `compute` makes of the values, its errors as the path's."""
    try:
        return compute(*values)
    except QueryError as error:
        if is_refusal(error):
            raise
        raise PathError(error.message) from error


def as_number(item: Item) -> TypedValue:
    """The item as a number. Raises PathError."""
    if isinstance(item, TypedValue):
        if item.type.name not in IS_NUMBER:
            raise wrong_kind("NUMBER", item)
        return item
    try:
        found = number(item)
    except ValueError as error:
        raise PathError(str(error)) from error
    if found is None:
        raise wrong_kind("NUMBER", item)
    return found
