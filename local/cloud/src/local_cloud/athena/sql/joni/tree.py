"""A parsed pattern."""

from dataclasses import dataclass

from local_cloud.athena.sql.joni.code_points import Ranges


@dataclass(frozen=True, slots=True)
class Chars:
    """One character out of a set."""

    codes: Ranges


@dataclass(frozen=True, slots=True)
class Sequence:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    parts: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class CapturingGroup:
    """A group whose match is kept."""

    number: int
    body: "Node"


@dataclass(frozen=True, slots=True)
class OptionScope:
    """What an option such as (?i) applies to; the options themselves are worked in already."""

    body: "Node"


@dataclass(frozen=True, slots=True)
class Atomic:
    body: "Node"


@dataclass(frozen=True, slots=True)
class Repeat:
    """`high` is None where there is no limit."""

    body: "Node"
    low: int
    high: int | None
    greedy: bool


@dataclass(frozen=True, slots=True)
class Look:
    body: "Node"
    behind: bool
    negative: bool


@dataclass(frozen=True, slots=True)
class Anchor:
    """`kind` is one of: start, end, end or newline, line start, line end, word, no word."""

    kind: str


@dataclass(frozen=True, slots=True)
class BackReference:
    number: int


Node = (
    Chars
    | Sequence
    | Choice
    | CapturingGroup
    | OptionScope
    | Atomic
    | Repeat
    | Look
    | Anchor
    | BackReference
)
EMPTY = Sequence(())


@dataclass(frozen=True, slots=True)
class Parsed:
    """`needs` are the tables of Unicode that the meaning depends on: letters, signs, cases."""

    root: Node
    groups: int
    names: tuple[tuple[str, int], ...]
    needs: frozenset[str]


def is_nullable(node: Node) -> bool:
    """Whether the node may match nothing."""
    if isinstance(node, Chars):
        return False
    if isinstance(node, Sequence):
        return all(map(is_nullable, node.parts))
    if isinstance(node, Choice):
        return any(map(is_nullable, node.parts))
    if isinstance(node, Repeat):
        return node.low == 0 or is_nullable(node.body)
    if isinstance(node, (CapturingGroup, OptionScope, Atomic)):
        return is_nullable(node.body)
    return True


def parts_of(node: Node) -> tuple[Node, ...]:
    """The nodes directly inside."""
    if isinstance(node, (Sequence, Choice)):
        return node.parts
    if isinstance(node, (CapturingGroup, OptionScope, Atomic, Repeat, Look)):
        return (node.body,)
    return ()


def any_inside(node: Node, *kinds: type) -> bool:
    """Whether the node or one inside of it is of such a kind."""
    return isinstance(node, kinds) or any(any_inside(one, *kinds) for one in parts_of(node))
