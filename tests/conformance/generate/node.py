"""Statements as trees of pieces: a generator builds them, a shrinker cuts them, `text` spells them.

| role | what a shrinker may do with it |
| --- | --- |
| value | put something smaller of the same type in its place |
| operand | nothing: brackets around a value, where the value needs them |
| optional | leave it out |
| list | leave out items, down to `least` |
| rows | read fewer rows of the table |
| relation, query | put one that is inside of it in its place |
| part | nothing |
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from local_cloud.athena.sql.types import Type

VALUE, OPERAND, OPTIONAL, LIST = "value", "operand", "optional", "list"
ROWS, RELATION, QUERY, PART = "rows", "relation", "query", "part"

Path = tuple[int, ...]
Part = "Node | str"


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a statement: `parts` are its texts and further pieces, in order.

    `uses` names what it tries of the language (see `coverage`). An `atom` needs no brackets.
    """

    role: str
    parts: tuple["Node | str", ...] = ()
    type: Type | None = None
    uses: tuple[str, ...] = ()
    between: str = ""
    least: int = 0
    atom: bool = False


def value(
    kind: Type, *parts: Node | str, uses: tuple[str, ...] = (), atom: bool = False
) -> Node:
    """An expression of a type."""
    return Node(VALUE, parts, kind, uses, atom=atom)


def operand(of: Node) -> Node:
    """An expression inside of another, in brackets where it is no atom."""
    return Node(OPERAND, (of,))


def optional(*parts: Node | str, uses: tuple[str, ...] = ()) -> Node:
    """A clause that may be there."""
    return Node(OPTIONAL, parts, uses=uses)


def listed(items: tuple[Node, ...] | list[Node], between: str = ", ", least: int = 1) -> Node:
    """Items with a separator between them."""
    return Node(LIST, tuple(items), between=between, least=least)


def part(*parts: Node | str, uses: tuple[str, ...] = ()) -> Node:
    """Texts and pieces that belong together."""
    return Node(PART, parts, uses=uses)


NOTHING = part()


def using(of: Node, *uses: str) -> Node:
    """`of`, which uses this besides."""
    return replace(of, uses=(*of.uses, *uses))


def text(of: Node | str) -> str:
    """The statement's text."""
    if isinstance(of, str):
        return of
    if of.role == OPERAND:
        (inner,) = of.parts
        bare = isinstance(inner, Node) and inner.atom
        return text(inner) if bare else f"({text(inner)})"
    return of.between.join(text(one) for one in of.parts)


def walk(of: Node, at: Path = ()) -> Iterator[tuple[Path, Node]]:
    """Every piece with the way to it, from the outside in."""
    yield at, of
    for index, one in enumerate(of.parts):
        if isinstance(one, Node):
            yield from walk(one, (*at, index))


def uses_of(of: Node) -> frozenset[str]:
    """Everything that the statement uses."""
    return frozenset(use for _, one in walk(of) for use in one.uses)


def size(of: Node) -> int:
    """How long it is to read."""
    return len(text(of))


def replaced(of: Node, at: Path, new: Node) -> Node:
    """The tree with another piece in this place."""
    if not at:
        return new
    first, rest = at[0], at[1:]
    inner = of.parts[first]
    assert isinstance(inner, Node)
    made = replaced(inner, rest, new)
    return replace(of, parts=(*of.parts[:first], made, *of.parts[first + 1 :]))
