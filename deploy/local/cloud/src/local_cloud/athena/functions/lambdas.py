"""Functions of lambdas: their bodies are DuckDB's lambdas, or bodies of its lambdas.

A parameter that is a part of something larger, such as an entry of a map, is written as that part.
"""

from collections.abc import Callable
from itertools import zip_longest
from typing import Any

from local_cloud.athena import types as t
from local_cloud.athena.duck_sql.representation import cast
from local_cloud.athena.duck_sql.text import Text
from local_cloud.athena.functions.registry import Signature, sql
from local_cloud.athena.ir import Call, Column, Expr, Lambda, Special, rewritten
from local_cloud.athena.types import Type


def lambda_of(call: Call, place: int) -> Lambda:
    found = call.arguments[place]
    assert isinstance(found, Lambda)
    return found


def body_of(text: Text, of: Lambda, *values: Expr) -> str:
    """SQL of a lambda's body, `values` in the place of its parameters."""
    given = dict(zip(of.parameters, values, strict=True))

    def replaced(one: Expr) -> Expr | None:
        return given.get(one) if isinstance(one, Column) else None

    return cast(text.of(rewritten(of.body, replaced)), of.body.type)


def part(name: str, of: Type, index: int) -> Expr:
    """A field of the row that a lambda's parameter is."""
    return Special(of.args[index], "field", (Column(of, name),), index)


def null(of: Type) -> str:
    return cast("NULL", of)


# ---- arrays -----------------------------------------------------------------------------------


def _single(text: Text, call: Call) -> str:
    """The lambda of one parameter as DuckDB writes it."""
    of = lambda_of(call, 1)
    (parameter,) = of.parameters
    return f"lambda {parameter.name}: {body_of(text, of, parameter)}"


@sql("transform(array(t),function(t,u))")
def _transform(array: str, _: str, text: Text, call: Call) -> str:
    return f"list_transform({array}, {_single(text, call)})"


@sql("filter(array(t),function(t,boolean))")
def _filter(array: str, _: str, text: Text, call: Call) -> str:
    return f"list_filter({array}, {_single(text, call)})"


@sql("zip_with(array(t),array(u),function(t,u,r))")
def _zip_with(left: str, right: str, _: str, text: Text, call: Call, types: Signature) -> str:
    pair = t.row((types.arguments[0].args[0], types.arguments[1].args[0]))
    pairs = text.python(zipped, types.arguments[:2], t.array(pair), left, right)
    name = text.variable()
    body = body_of(text, lambda_of(call, 2), part(name, pair, 0), part(name, pair, 1))
    return f"list_transform({pairs}, lambda {name}: {body})"


def zipped(left: list[Any], right: list[Any]) -> list[tuple[Any, Any]]:
    return list(zip_longest(left, right))


@sql("reduce(array(t),s,function(s,t,s),function(s,r))")
def _reduce(
    array: str, initial: str, _: str, __: str, text: Text, call: Call, types: Signature
) -> str:
    element, state = types.arguments[0].args[0], types.arguments[1]
    last = fold(text, array, initial, lambda_of(call, 2), element, state)

    def ended(name: str) -> str:
        body = body_of(text, lambda_of(call, 3), part(name, t.row((state, element)), 0))
        return f"CASE WHEN {name} IS NULL THEN {null(types.result)} ELSE {body} END"

    return text.let(last, ended)


def fold(text: Text, array: str, initial: str, step: Lambda, element: Type, state: Type) -> str:
    """SQL of a row whose first field is the last state; null where the array is."""
    both = t.row((state, element))
    return folded(
        text,
        array,
        initial,
        both,
        lambda before, one: body_of(text, step, part(before, both, 0), part(one, both, 1)),
    )


def folded(
    text: Text, array: str, initial: str, both: Type, step: Callable[[str, str], str]
) -> str:
    """list_reduce wants states and elements of one type: rows of `both`, (state, element)."""
    state, element = both.args
    item, before, one = text.variable(), text.variable(), text.variable()
    items = (
        f"list_transform({array}, "
        f"lambda {item}: struct_pack(f0 := {null(state)}, f1 := {item}))"
    )
    return (
        f"list_reduce({items}, lambda {before}, {one}: "
        f"struct_pack(f0 := {step(before, one)}, f1 := {null(element)}), "
        f"struct_pack(f0 := {cast(initial, state)}, f1 := {null(element)}))"
    )


def _matched(text: Text, call: Call, array: str, types: Signature, every: bool) -> str:
    """Elements are tested until one decides; a test that is null leaves it open."""
    both = t.row((t.BOOLEAN, types.arguments[0].args[0]))
    initial, decisive, join = ("TRUE", "FALSE", "AND") if every else ("FALSE", "TRUE", "OR")

    def step(before: str, one: str) -> str:
        test = body_of(text, lambda_of(call, 1), part(one, both, 1))
        so_far = f"struct_extract({before}, 'f0')"
        return (
            f"CASE WHEN {so_far} = {decisive} THEN {decisive} ELSE ({so_far} {join} {test}) END"
        )

    return f"struct_extract({folded(text, array, initial, both, step)}, 'f0')"


@sql("any_match(array(t),function(t,boolean))")
def _any_match(array: str, _: str, text: Text, call: Call, types: Signature) -> str:
    return _matched(text, call, array, types, every=False)


@sql("all_match(array(t),function(t,boolean))")
def _all_match(array: str, _: str, text: Text, call: Call, types: Signature) -> str:
    return _matched(text, call, array, types, every=True)


@sql("none_match(array(t),function(t,boolean))")
def _none_match(array: str, _: str, text: Text, call: Call, types: Signature) -> str:
    return f"(NOT {_matched(text, call, array, types, every=False)})"
