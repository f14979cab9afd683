"""Functions of lambdas: their bodies are DuckDB's lambdas, or bodies of its lambdas.

A parameter that is a part of something larger, such as an entry of a map, is written as that part.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from local_cloud.athena.engines.duck_sql.json_casting import parsed
from local_cloud.athena.engines.duck_sql.registry import Signature, sql
from local_cloud.athena.engines.duck_sql.representation import cast
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import BoundCall, Cast, ColumnRef, Expr, Lambda, Special, walk
from local_cloud.athena.sql.properties import is_constant
from local_cloud.athena.sql.substitution import rewritten
from local_cloud.athena.sql.types import Type


def lambda_of(call: BoundCall, place: int) -> Lambda:
    found = call.arguments[place]
    assert isinstance(found, Lambda)
    return found


def body_of(
    text: Text, of: Lambda, *values: Expr, others: Mapping[ColumnRef, Expr] | None = None
) -> str:
    """SQL of a lambda's body, `values` in the place of its parameters."""
    given = {**(others or {}), **dict(zip(of.parameters, values, strict=True))}

    def replaced(one: Expr) -> Expr | None:
        return given.get(one) if isinstance(one, ColumnRef) else None

    return cast(text.of(rewritten(of.body, replaced)), of.body.type)


def part(name: str, of: Type, index: int) -> Expr:
    """A field of the row that a lambda's parameter is."""
    return Special(of.args[index], "field", (ColumnRef(of, name),), index)


def null(of: Type) -> str:
    return cast("NULL", of)


# ---- arrays -----------------------------------------------------------------------------------


def single(text: Text, call: BoundCall, place: int = 1) -> str:
    """The lambda of one parameter as DuckDB writes it."""
    of = lambda_of(call, place)
    (parameter,) = of.parameters
    return f"lambda {parameter.name}: {body_of(text, of, parameter)}"


@sql("transform(array(t),function(t,u))")
def _transform(array: str, _: str, text: Text, call: BoundCall, types: Signature) -> str:
    _refuse_extraction(call)
    return cast(f"list_transform({array}, {single(text, call)})", types.result)


def _refuse_extraction(call: BoundCall) -> None:
    """What SpecializeTransformWithJsonParse changes: it takes the lambda to read its parameter."""
    made, of = call.arguments[0], lambda_of(call, 1)
    if not (isinstance(made, Cast) and parsed(made.value) and isinstance(of.body, BoundCall)):
        return
    if of.body.bound.declared.name == "json_extract_scalar" and not (
        made.type == t.array(t.JSON)
        and of.body.arguments[0] == of.parameters[0]
        and is_constant(of.body.arguments[1])
    ):
        raise not_supported("json_extract_scalar in transform() of parsed JSON")


@sql("filter(array(t),function(t,boolean))")
def _filter(array: str, _: str, text: Text, call: BoundCall, types: Signature) -> str:
    return cast(f"list_filter({array}, {single(text, call)})", types.result)


@sql("zip_with(array(t),array(u),function(t,u,r))")
def _zip_with(
    left: str, right: str, _: str, text: Text, call: BoundCall, types: Signature
) -> str:
    pair = t.row((types.arguments[0].args[0], types.arguments[1].args[0]))
    pairs = text.python(zipped, types.arguments[:2], t.array(pair), left, right)
    name = text.variable()
    body = body_of(text, lambda_of(call, 2), part(name, pair, 0), part(name, pair, 1))
    return cast(f"list_transform({pairs}, lambda {name}: {body})", types.result)


def zipped(left: list[Any], right: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip_longest(left, right))


def captured_by(of: Lambda) -> tuple[ColumnRef, ...]:
    """The columns that a lambda uses besides its parameters."""
    inside = [*walk(of.body)]
    own = {*of.parameters}
    own.update(name for one in inside if isinstance(one, Lambda) for name in one.parameters)
    found = (one for one in inside if isinstance(one, ColumnRef) and one not in own)
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True, slots=True)
class ListFolding:
    """list_reduce over rows of (state, element, captured columns…), of which states are one too.

    It wants states and elements of one type; and the columns that its lambda captures are those
    of other rows as soon as lists differ in length (seen with DuckDB 1.5.5), so it gets none.
    """

    text: Text
    step: Lambda
    state: Type
    element: Type

    @property
    def _captured(self) -> tuple[ColumnRef, ...]:
        return captured_by(self.step)

    @property
    def row(self) -> Type:
        return t.row((self.state, self.element, *(one.type for one in self._captured)))

    def body(self, one: str, *values: Expr) -> str:
        """The step's SQL; `one` is the row of the element that it is taken with."""
        known = {
            column: part(one, self.row, place) for place, column in enumerate(self._captured, 2)
        }
        return body_of(self.text, self.step, *values, others=known)

    def over(self, array: str, initial: str, step: Callable[[str, str], str]) -> str:
        """SQL of the last row, null where the array is; `step` is given two rows' names."""
        item, before, one = (self.text.variable() for _ in range(3))
        names = [null(self.state), item, *(column.name for column in self._captured)]
        array = cast(array, t.array(self.element))
        items = f"list_transform({array}, lambda {item}: {_packed(names)})"
        made = f"lambda {before}, {one}: {self._of_state(step(before, one))}"
        return f"list_reduce({items}, {made}, {self._of_state(cast(initial, self.state))})"

    def _of_state(self, state: str) -> str:
        return _packed([state, *map(null, self.row.args[1:])])


def _packed(parts: list[str]) -> str:
    return f"struct_pack({', '.join(f'f{i} := {one}' for i, one in enumerate(parts))})"


@sql("reduce(array(t),s,function(s,t,s),function(s,r))")
def _reduce(
    array: str, initial: str, _: str, __: str, text: Text, call: BoundCall, types: Signature
) -> str:
    element, state = types.arguments[0].args[0], types.arguments[1]
    folding = ListFolding(text, lambda_of(call, 2), state, element)
    row = folding.row
    last = folding.over(
        array,
        initial,
        lambda before, one: folding.body(one, part(before, row, 0), part(one, row, 1)),
    )

    def ended(name: str) -> str:
        body = body_of(text, lambda_of(call, 3), part(name, row, 0))
        return f"CASE WHEN {name} IS NULL THEN {null(types.result)} ELSE {body} END"

    return cast(text.let(last, ended), types.result)


def _matched(text: Text, call: BoundCall, array: str, types: Signature, every: bool) -> str:
    """Elements are tested until one decides; a test that is null leaves it open."""
    folding = ListFolding(text, lambda_of(call, 1), t.BOOLEAN, types.arguments[0].args[0])
    initial, decisive, join = ("TRUE", "FALSE", "AND") if every else ("FALSE", "TRUE", "OR")

    def step(before: str, one: str) -> str:
        test = folding.body(one, part(one, folding.row, 1))
        so_far = f"struct_extract({before}, 'f0')"
        return (
            f"CASE WHEN {so_far} = {decisive} THEN {decisive} ELSE ({so_far} {join} {test}) END"
        )

    last = folding.over(array, initial, step)
    return cast(f"struct_extract({last}, 'f0')", t.BOOLEAN)


@sql("any_match(array(t),function(t,boolean))")
def _any_match(array: str, _: str, text: Text, call: BoundCall, types: Signature) -> str:
    return _matched(text, call, array, types, every=False)


@sql("all_match(array(t),function(t,boolean))")
def _all_match(array: str, _: str, text: Text, call: BoundCall, types: Signature) -> str:
    return _matched(text, call, array, types, every=True)


@sql("none_match(array(t),function(t,boolean))")
def _none_match(array: str, _: str, text: Text, call: BoundCall, types: Signature) -> str:
    return f"(NOT {_matched(text, call, array, types, every=False)})"
