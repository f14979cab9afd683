"""The classes of the SQL tree, their fields, and the nodes of one tree."""

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from trino_sql import tree

Field = tuple[type[tree.Node], str]


def classes() -> frozenset[type[tree.Node]]:
    """Every form of the grammar: the node classes, but for those that only group others."""
    return frozenset(
        one
        for one in vars(tree).values()
        if isinstance(one, type) and issubclass(one, tree.Node) and one not in _GROUPS
    )


_GROUPS = (tree.Node, tree.Expression, tree.Relation, tree.DataType)


def fields_of(kinds: Iterable[type[tree.Node]]) -> set[Field]:
    """Each class with each of its fields that carries meaning."""
    return {
        (kind, one.name)
        for kind in kinds
        if is_dataclass(kind)
        for one in fields(kind)
        if one.name != "at"
    }


def nodes(value: Any) -> Iterator[tree.Node]:
    """A node and all nodes below it."""
    if isinstance(value, tuple):
        for one in value:
            yield from nodes(one)
    elif isinstance(value, tree.Node):
        yield value
        for one in tree.parts(value).values():
            yield from nodes(one)


def shown(found: set[Field]) -> list[str]:
    """Fields as text, in order."""
    return sorted(f"{kind.__name__}.{name}" for kind, name in found)
