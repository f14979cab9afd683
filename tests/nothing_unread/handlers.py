"""Functions that take an argument and never look at it, seen by their source."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def unused_by_rules(rules: Iterable[Callable[..., Any]]) -> set[tuple[str, str]]:
    """(rule, argument) of each field of a node that its rule does not use."""
    found = set()
    for rule in rules:
        (made,) = ast.parse(textwrap.dedent(inspect.getsource(rule))).body
        assert isinstance(made, ast.FunctionDef)
        used = _loaded(made)
        found |= {
            (rule.__name__, one.arg) for one in made.args.kwonlyargs if one.arg not in used
        }
    return found


def unused_in(module: ModuleType) -> set[tuple[str, str]]:
    """(function, argument) of each argument of a module's functions that is not used.

    Nested functions and lambdas too; what is called `_` is not meant to be used. An abstract
    method has no body to use anything.
    """
    found = set()
    for one in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(one, Function) and not _is_abstract(one):
            used = _loaded(one)
            name = getattr(one, "name", "lambda")
            found |= {(name, arg) for arg in _arguments(one) if arg not in used}
    return {(name, arg) for name, arg in found if arg.strip("_") and arg != "self"}


def _is_abstract(function: Function) -> bool:
    """Marked so, or a protocol's: its body is what it promises and nothing else."""
    if isinstance(function, ast.Lambda):
        return False
    marks = function.decorator_list
    return all(
        isinstance(one, ast.Expr) and _is_text(one.value) for one in function.body
    ) or any(isinstance(one, ast.Name) and one.id == "abstractmethod" for one in marks)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def attributes_of(function: Callable[..., Any]) -> set[str]:
    """The attributes that a function's source reads, of whatever."""
    made = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return {one.attr for one in ast.walk(made) if isinstance(one, ast.Attribute)}


def _loaded(function: Function) -> set[str]:
    body = [function.body] if isinstance(function, ast.Lambda) else function.body
    return {
        one.id
        for part in body
        for one in ast.walk(part)
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)
    }


def _arguments(function: Function) -> Iterator[str]:
    given = function.args
    for one in (*given.posonlyargs, *given.args, *given.kwonlyargs):
        yield one.arg
    for rest in (given.vararg, given.kwarg):
        if rest is not None:
            yield rest.arg
