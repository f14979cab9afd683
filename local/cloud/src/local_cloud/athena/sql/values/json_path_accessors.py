"""A JSON path's variables, literals and accessors (PathEvaluationVisitor of trino-main 476)."""

from dataclasses import replace

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.values import json_path_numbers as arithmetic
from local_cloud.athena.sql.values import json_path_tree as tree
from local_cloud.athena.sql.values.json_evaluation import (
    Evaluation,
    PathError,
    Place,
    as_number,
    checked,
    evaluates,
    wrong_kind,
)
from local_cloud.athena.sql.values.json_items import Item, TypedValue


@evaluates(tree.Literal)
def _literal(run: Evaluation, path: tree.Literal, at: Place) -> list[Item]:
    return [path.value]


@evaluates(tree.Null)
def _null(run: Evaluation, path: tree.Null, at: Place) -> list[Item]:
    return [None]


@evaluates(tree.Input)
def _input(run: Evaluation, path: tree.Input, at: Place) -> list[Item]:
    return [run.input]


@evaluates(tree.Variable)
def _variable(run: Evaluation, path: tree.Variable, at: Place) -> list[Item]:
    return run.parameters[path.name]


@evaluates(tree.CurrentItem)
def _current(run: Evaluation, path: tree.CurrentItem, at: Place) -> list[Item]:
    if not at.items:
        raise PathError("accessing current filter item with no enclosing filter")
    return [at.items[-1]]


@evaluates(tree.LastIndex)
def _last(run: Evaluation, path: tree.LastIndex, at: Place) -> list[Item]:
    if at.last < 0:
        raise PathError("accessing the last array index with no enclosing array")
    return [TypedValue(t.INTEGER, at.last)]


@evaluates(tree.Member)
def _member(run: Evaluation, path: tree.Member, at: Place) -> list[Item]:
    made: list[Item] = []
    for item in run.unwrapped(path.base, at):
        if not isinstance(item, dict):
            if not run.lax:
                raise wrong_kind("OBJECT", item)
        elif path.key is None:
            made += item.values()
        elif path.key in item:
            made.append(item[path.key])
        elif not run.lax:
            raise PathError(f"structural error: missing member '{path.key}' in JSON object")
    return made


@evaluates(tree.Descendants)
def _descendants(run: Evaluation, path: tree.Descendants, at: Place) -> list[Item]:
    made: list[Item] = []
    waiting = run.of(path.base, at)[::-1]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            # The enclosing object comes first.
            if path.key in item:
                made.append(item[path.key])
            waiting += reversed(item.values())
        elif isinstance(item, list):
            waiting += reversed(item)
    return made


@evaluates(tree.Elements)
def _elements(run: Evaluation, path: tree.Elements, at: Place) -> list[Item]:
    made: list[Item] = []
    for item in run.of(path.base, at):
        if isinstance(item, list):
            elements = item
        elif run.lax:
            elements = [item]
        else:
            raise wrong_kind("ARRAY", item)
        if not path.subscripts:
            made += elements
        elif elements:
            inside = replace(at, last=len(elements) - 1)
            for subscript in path.subscripts:
                made += _chosen(run, elements, subscript, inside)
        elif not run.lax:
            raise PathError("structural error: invalid array subscript for empty array")
    return made


def _chosen(
    run: Evaluation, elements: list[Item], subscript: tree.Subscript, at: Place
) -> list[Item]:
    starts = run.of(subscript.start, at)
    ends = starts if subscript.end is None else run.of(subscript.end, at)
    if len(starts) != 1 or len(ends) != 1:
        raise PathError("array subscript value must be singleton numeric")
    start = _index(starts[0])
    end = start if subscript.end is None else _index(ends[0])
    if not run.lax and not 0 <= start <= end < len(elements):
        raise PathError(
            f"structural error: invalid array subscript: [{start}, {end}] "
            f"for array of size {len(elements)}"
        )
    return elements[max(start, 0) : max(end + 1, 0)]


def _index(item: Item) -> int:
    if isinstance(item, TypedValue):
        found: int = checked(arithmetic.index, as_number(item))
        return found
    if isinstance(item, bool) or not isinstance(item, (int, float)):
        raise wrong_kind("NUMBER", item)
    index = arithmetic.node_index(item)
    if index is None:
        raise PathError(f"cannot convert value {item} to long")
    return index


@evaluates(tree.Filter)
def _filter(run: Evaluation, path: tree.Filter, at: Place) -> list[Item]:
    return [
        item
        for item in run.unwrapped(path.base, at)
        if run.truth(path.predicate, replace(at, items=(item,)))
    ]
