"""Which fields of a statement's tree the engine looks at, and where: every read is noted.

A field counts as read where it is handed to the rule of its node, or where code takes it from the
node. What reads all fields of any node without knowing them does not count: equality, hashes, and
the walks that look for something in a tree.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from local_cloud.athena.engines.duck_sql.relation import TableBinder
from tests.nothing_unread.nodes import Field, classes, fields_of, nodes
from tests.nothing_unread.planning import planned
from trino_sql import tree

_BLIND = frozenset(("__eq__", "__hash__", "__repr__", "_nodes", "_inside", "nodes"))
_INNER = frozenset(("<dictcomp>", "<genexpr>", "<listcomp>", "<lambda>"))
_ENGINE = "local_cloud.athena."
# An empty tail, and the TRUE of `ON TRUE`, are known by comparing all of them.
_COMPARED = (tree.Tail, tree.BooleanLiteral)


@dataclass(slots=True)
class Reads:
    """What was read of which node (by its id), and which places took what from a class."""

    fields: set[tuple[int, str]] = field(default_factory=set)
    places: dict[tuple[type[tree.Node], str], set[str]] = field(default_factory=dict)


@contextmanager
def watched() -> Iterator[Reads]:
    """All that is read of nodes inside of the block."""
    reads = Reads()
    names = {name for _, name in fields_of(classes())}

    def get(self: tree.Node, name: str) -> Any:
        if name in names:
            _note(reads, sys._getframe(1), self, name)
        return object.__getattribute__(self, name)

    tree.Node.__getattribute__ = get  # type: ignore[method-assign, assignment]
    try:
        yield reads
    finally:
        del tree.Node.__getattribute__


def _note(reads: Reads, frame: FrameType, node: tree.Node, name: str) -> None:
    while frame.f_code.co_name in _INNER and frame.f_back is not None:
        frame = frame.f_back
    function = frame.f_code.co_name
    if function == "parts":
        if frame.f_back is not None and frame.f_back.f_code.co_name == "apply":
            reads.fields.add((id(node), name))
    elif function not in _BLIND:
        reads.fields.add((id(node), name))
        module = str(frame.f_globals["__name__"])
        if module.startswith(_ENGINE):
            place = f"{module.removeprefix(_ENGINE)}:{frame.f_code.co_qualname}"
            reads.places.setdefault((type(node), place.split(".<")[0]), set()).add(name)
    elif function == "__eq__" and isinstance(node, _COMPARED):
        reads.fields.add((id(node), name))


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen of one plan: the fields that it passed over, and who read what."""

    unread: frozenset[Field]
    places: dict[tuple[type[tree.Node], str], set[str]]


def seen(
    sql: str,
    query: tree.Query,
    parameters: list[tree.Expression],
    tables: TableBinder | None = None,
) -> Watched | None:
    """A plan, watched; None where the statement is refused."""
    with watched() as reads:
        plan = planned(sql, query, parameters, tables)
    if plan.error is not None:
        return None
    repeated = _repeated(query, reads)
    unread = {
        (type(node), name)
        for node in nodes(query)
        for name in tree.parts(node)
        if (id(node), name) not in reads.fields and id(node) not in repeated
    }
    return Watched(frozenset(unread), reads.places)


def _repeated(query: tree.Query, reads: Reads) -> set[int]:
    """Nodes of subqueries that say the same as one that was planned: they are known by that."""
    inner = [one for one in nodes(query) if isinstance(one, tree.Query)]
    planned = {one for one in inner if (id(one), "body") in reads.fields}
    again = (one for one in inner if (id(one), "body") not in reads.fields and one in planned)
    return {id(node) for one in again for node in nodes(one)}
