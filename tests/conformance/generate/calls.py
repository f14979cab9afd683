"""Calls of declared functions and operators, with arguments of the types that they take."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from local_cloud.athena.engines.duck_functions import implemented
from local_cloud.athena.engines.duck_sql.registry import IMPLEMENTATIONS
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.type_names import can_cast
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.signatures.binding import Argument
from local_cloud.athena.sql.signatures.declared import SCALAR, Declared, catalogue
from local_cloud.athena.sql.signatures.resolution import resolve
from local_cloud.athena.sql.types import Type
from tests.conformance.generate import kinds
from tests.conformance.generate.bindings import settled
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.hints import hinted
from tests.conformance.generate.literals import exactly
from tests.conformance.generate.node import Node, part, value
from tests.conformance.generate.scope import Column, Scope
from tests.conformance.generate.spelling import OPERATORS, spelled
from tests.conformance.generate.values import exact, expression, producer
from tests.conformance.statement_text import PASSING

assert implemented.REGISTERED
# Functions of the server and the moment, and one that always fails.
_LEFT_OUT = (*PASSING, "fail", "current_groups", "current_timezone")
# How often an argument is of a type that the function does not take, and how often a function
# is called that the engine does not have.
_WRONG, UNKNOWN_SHARE = 0.01, 0.02


def usable(one: Declared) -> bool:
    """Whether a statement can call it, with the same answer tomorrow."""
    return (
        (not one.hidden or one.name in OPERATORS)
        and one.deterministic
        and one.name not in _LEFT_OUT
    )


@cache
def scalars() -> tuple[Declared, ...]:
    """The scalar functions and operators that statements call, by their keys."""
    found = [one for ones in catalogue().values() for one in ones]
    called = (one for one in found if one.kind == SCALAR and usable(one))
    return tuple(sorted(called, key=lambda one: one.key))


@cache
def _by_result(base: str) -> dict[str, tuple[Declared, ...]]:
    """Names and overloads of what may give a type called so."""
    found: dict[str, list[Declared]] = {}
    for one in scalars():
        if one.result.base == base or one.result.base in one.variables:
            found.setdefault(one.name, []).append(one)
    return {name: tuple(ones) for name, ones in found.items()}


def chosen(draw: Draw, among: Sequence[Declared]) -> Declared:
    """One of them; seldom one that the engine does not have."""
    for _ in range(200):
        one = draw.pick(among)
        if one.key in IMPLEMENTATIONS or draw.maybe(UNKNOWN_SHARE):
            break
    return one


def at_place(draw: Draw, among: Sequence[Declared], place: int) -> Declared:
    """The one whose turn it is, unless the engine does not have it: then mostly another."""
    one = among[place % len(among)]
    known = one.key in IMPLEMENTATIONS or draw.maybe(UNKNOWN_SHARE)
    return one if known else chosen(draw, among)


@producer(22)
def any_call(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node | None:
    """A function or operator that gives about this type."""
    named = _by_result(kind.name)
    if not named:
        return None
    for _ in range(60):
        one = draw.pick(named[draw.pick(list(named))])
        if one.key not in IMPLEMENTATIONS and not draw.maybe(UNKNOWN_SHARE / 2):
            continue
        made = call(draw, scope, one, depth, kind)
        if made is not None:
            return made
    return None


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a call. `meant` is the declaration that they call, with its result."""

    nodes: tuple[Node, ...]
    meant: tuple[str, Type] | None


def call(
    draw: Draw, scope: Scope, declared: Declared, depth: int, wanted: Type | None = None
) -> Node | None:
    """A call that means this declaration, if types for it are found."""
    made = arguments(draw, scope, declared, depth, wanted)
    if made is None:
        return None
    if made.meant is None:
        # A wrong argument, or one that the draw got wrong: Trino has the word.
        wrong = wanted or t.BOOLEAN
        return spelled(draw, declared, made.nodes, wrong, ()) if draw.maybe(0.1) else None
    return spelled(draw, declared, made.nodes, made.meant[1], (made.meant[0],))


def arguments(
    draw: Draw, scope: Scope, declared: Declared, depth: int, wanted: Type | None
) -> Arguments | None:
    """Arguments for a call that gives about what is wanted."""
    types = settled(draw, declared, wanted)
    if types is None:
        return None
    nodes: list[Node] = []
    made: list[Argument] = []
    for place, kind in enumerate(types):
        node, argument = _argument(draw, scope, declared, place, kind, depth - 1)
        nodes.append(node)
        made.append(argument)
    return Arguments(tuple(nodes), _meant(declared.name, made))


def _meant(name: str, made: Sequence[Argument]) -> tuple[str, Type] | None:
    """The key of the declaration that such arguments call, and the type of the result."""
    try:
        bound = resolve(name, catalogue()[name], made, can_cast)
    except QueryError:
        return None
    return bound.declared.key, bound.result


def _argument(
    draw: Draw, scope: Scope, declared: Declared, place: int, kind: Type, depth: int
) -> tuple[Node, Argument]:
    if kind.name == "function":
        return lambda_(draw, scope, kind, depth, declared.name == "array_sort")
    node = argument(draw, scope, declared.name, place, kind, depth)
    assert node.type is not None
    return node, node.type


def argument(draw: Draw, scope: Scope, name: str, place: int, kind: Type, depth: int) -> Node:
    """An argument of a function: one that suits it, or any of the type."""
    if (suited := hinted(draw, name, place, kind)) is not None:
        return suited
    if draw.maybe(_WRONG):
        return expression(draw, scope, kinds.some_type(draw), depth)
    if kind.name in kinds.WRITTEN or kind.name == "varchar":
        return expression(draw, scope, t.varchar(kind.precision), depth)
    # Of exactly this type mostly: otherwise another overload would be meant.
    drawn = exact if draw.maybe(0.85) else expression
    return drawn(draw, scope, kind, depth)


def lambda_(
    draw: Draw, scope: Scope, kind: Type, depth: int, compares: bool
) -> tuple[Node, Argument]:
    """`x -> …`, `(x, y) -> …`."""
    *given, result = kind.args
    names = [draw.name("x") for _ in given]
    parameters = tuple(Column(name, one) for name, one in zip(names, given, strict=True))
    inner = scope.lambda_(parameters)
    if compares and result == t.INTEGER and t.is_orderable(given[0]) and draw.maybe(0.7):
        body = _comparator(names)
    else:
        # A lambda's result is not coerced.
        body = exactly(result, expression(draw, inner, result, min(depth, 2)))
    listed_names = names[0] if len(names) == 1 and draw.maybe(0.7) else f"({', '.join(names)})"
    made = body.type or result
    return part(f"{listed_names} -> ", body, uses=("lambda",)), lambda _: made


def _comparator(names: list[str]) -> Node:
    x, y = names
    text = f"case when {x} < {y} then 1 when {x} = {y} then 0 else -1 end"
    return value(t.INTEGER, text, atom=True)
