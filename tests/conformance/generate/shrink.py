"""Makes a failing statement as small as it goes while it still fails in the same way."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.types import Type
from tests.conformance.compare import Verdict
from tests.conformance.corpus import text_of
from tests.conformance.generate.kinds import spelled
from tests.conformance.generate.node import (
    LIST,
    NOTHING,
    OPTIONAL,
    QUERY,
    RELATION,
    ROWS,
    VALUE,
    Node,
    replaced,
    size,
    text,
    value,
    walk,
)
from tests.conformance.generate.pools import read
from tests.conformance.generate.scope import KEYS, ROW_COUNTS
from tests.conformance.generate.sides import Sides
from tests.conformance.run import Judged

# Enough for a statement of some hundred characters; a run is not to stand still for one of them.
TRIES, SECONDS = 250, 40.0
# The plainest constant of a type.
_PLAIN: dict[str, str] = read("constants")["plain"]


@dataclass(slots=True)
class _Patience:
    tries: int
    ends: float

    def lasts(self) -> bool:
        self.tries -= 1
        return self.tries >= 0 and time.monotonic() < self.ends


def shrunk(
    tree: Node, fails: Callable[[Node], bool], tries: int = TRIES, seconds: float = SECONDS
) -> Node:
    """The smallest tree that was found failing. `fails` asks; it is asked so often at most."""
    patience = _Patience(tries, time.monotonic() + seconds)
    seen = {text(tree)}
    while (smaller := _smaller(tree, fails, patience, seen)) is not None:
        tree = smaller
    return tree


def _smaller(
    tree: Node, fails: Callable[[Node], bool], patience: _Patience, seen: set[str]
) -> Node | None:
    now = size(tree)
    made = {text(one): one for one in candidates(tree)}
    # Rows are read fewer at the price of a longer text.
    fresh = [(len(words), words) for words in made if words not in seen]
    for length, words in sorted(fresh):
        seen.add(words)
        if length >= now and not _reads_less(made[words], tree):
            continue
        if not patience.lasts():
            return None
        if fails(made[words]):
            return made[words]
    return None


def candidates(tree: Node) -> Iterator[Node]:
    """Every tree with one thing less."""
    for at, node in walk(tree):
        if node.role == QUERY and at:
            yield node
        for smaller in _instead(node):
            yield replaced(tree, at, smaller)


def _instead(node: Node) -> Iterator[Node]:
    if node.role == OPTIONAL:
        yield NOTHING
    elif node.role == LIST:
        yield from _fewer(node)
    elif node.role == VALUE:
        yield from _simpler(node)
    elif node.role == RELATION:
        yield from (one for at, one in walk(node) if at and one.role == RELATION)
    elif node.role == ROWS:
        yield from _halves(node)


def _fewer(node: Node) -> Iterator[Node]:
    items = node.parts
    if node.least <= 1 < len(items):
        yield from (replace(node, parts=(one,)) for one in items)
    if len(items) > node.least:
        for at in range(len(items)):
            yield replace(node, parts=items[:at] + items[at + 1 :])


def _simpler(node: Node) -> Iterator[Node]:
    assert node.type is not None
    yield from (one for at, one in walk(node) if at and one.role == VALUE)
    yield from plain(node.type)


def plain(kind: Type) -> Iterator[Node]:
    """The plainest constants of the type."""
    if kind.name in _PLAIN:
        yield value(kind, _PLAIN[kind.name], atom=True)
    if kind.name not in ("unknown", "function"):
        yield value(kind, f"cast(null as {spelled(kind)})", atom=True)
    yield value(t.UNKNOWN, "null", atom=True)


def _halves(node: Node) -> Iterator[Node]:
    """The table's first or second half, by its key."""
    name, first, last = _range(node)
    if len(KEYS.get(name, ())) != 1 or first >= last:
        return
    middle = (first + last) // 2
    for low, high in ((first, middle), (middle + 1, last)):
        head = f"(select * from {name} where {KEYS[name][0]} between "
        yield replace(node, parts=(head, str(low), " and ", str(high), ")"))


def _range(node: Node) -> tuple[str, int, int]:
    words = [one for one in node.parts if isinstance(one, str)]
    if len(words) == 1:
        return words[0], 0, ROW_COUNTS.get(words[0], 0) + 1
    return words[0].split()[3], int(words[1]), int(words[3])


def _reads_less(one: Node, other: Node) -> bool:
    def read(tree: Node) -> int:
        ranges = [_range(node) for _, node in walk(tree) if node.role == ROWS]
        return sum(last - first for _, first, last in ranges)

    return read(one) < read(other) and size(one) < size(other) + 60


def still_fails(sides: Sides, first: Judged) -> Callable[[Node], bool]:
    """Whether a tree fails as `first` did: the same kind, the same names of errors."""

    def fails(tree: Node) -> bool:
        made = text_of(text(tree))
        ours = sides.workers.ask(made.sql)
        # Trino is asked only about what the engine still does.
        if (ours.error, ours.crash is None) != (first.ours.error, first.ours.crash is None):
            return False
        found = sides.beside(made, ours)
        return (
            _same_way(found.verdict, first.verdict) and found.theirs.error == first.theirs.error
        )

    return fails


def _same_way(one: Verdict, other: Verdict) -> bool:
    return one.kind == other.kind
