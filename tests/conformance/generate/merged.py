"""Several expressions in one statement for Trino: most of its time goes into the statement itself.

Merged are statements that select expressions and nothing else: from nothing, from VALUES or from
some rows of one table. Over rows that a statement of its own would not read, its expression is
not evaluated either. Each gets its columns of the common answer; where that fails, or differs
from the engine's, the statement is asked by itself.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.canonical import type_text
from tests.conformance.generate.node import LIST, OPTIONAL, QUERY, RELATION, ROWS, Node, text
from tests.conformance.generate.statements import Generated
from tests.conformance.recorded import Recorded
from tests.trino_lab.client import Answer

# Beyond this the classes that Trino makes of a statement take longer than they save.
MOST = 24
ALONE, VALUES = "", "values"
_COLUMN = re.compile(r"\br1\.(c\d)\b")
_ROWS = re.compile(r" where r1\.id (?:= (\d+)|in \(([\d, ]+)\))")
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """A statement that can be merged: the expressions, and the rows that they are of.

    `source` is nothing, VALUES or a table; `rows` are its rows by their numbers, None for all of
    them. A statement over rows shows their number first. `written` are the rows of VALUES.
    """

    source: str
    items: tuple[str, ...]
    rows: tuple[int, ...] | None = None
    written: tuple[tuple[str, ...], ...] = ()


def member(one: Generated) -> Member | None:
    """How it can be merged; None where it can't."""
    pieces = _pieces(one.tree)
    if pieces is None:
        return None
    items = tuple(map(text, pieces[0].parts))
    # Of a query inside Trino asks more rows than the expression would.
    if any("(select " in item for item in items):
        return None
    if len(pieces) == 1:
        return Member(ALONE, items)
    return _over_rows(pieces[1], items) if len(pieces) == 2 else None


def _pieces(tree: Node) -> list[Node] | None:
    """What a SELECT selects, and what follows; None for other queries."""
    if tree.role != QUERY or not tree.parts or tree.parts[0] != "select ":
        return None
    pieces = [part for part in tree.parts[1:] if isinstance(part, Node)]
    if len(pieces) != len(tree.parts) - 1 or not pieces or pieces[0].role != LIST:
        return None
    return pieces


def _over_rows(source: Node, items: tuple[str, ...]) -> Member | None:
    if source.role != OPTIONAL or source.parts[0] != " from ":
        return None
    read, *behind = source.parts[1:]
    if not isinstance(read, Node) or read.role != RELATION or len(items) < 2:
        return None
    if read.parts[0] == "(values " and not behind and items[0] == "r1.n":
        return _of_values(read, items[1:])
    first = read.parts[0]
    if not isinstance(first, Node) or first.role != ROWS or len(first.parts) != 1:
        return None
    if items[0] != "r1.id" or read.parts[1:] != (" r1",):
        return None
    where = "".join(map(text, behind))
    found = _ROWS.fullmatch(where)
    if where and not found:
        return None
    numbers = tuple(map(int, (found[1] or found[2]).split(", "))) if found else None
    return Member(text(first), items[1:], numbers)


def _of_values(read: Node, items: tuple[str, ...]) -> Member | None:
    lines, end = read.parts[1], read.parts[2]
    if not isinstance(lines, Node) or not isinstance(end, str) or ") r1(n" not in end:
        return None
    written = []
    for line in lines.parts:
        assert isinstance(line, Node)
        cells = line.parts[1]
        assert isinstance(cells, Node)
        written.append(tuple(map(text, cells.parts))[1:])
    numbers = tuple(range(1, len(written) + 1))
    return Member(VALUES, items, numbers, tuple(written))


@dataclass(slots=True)
class Batch:
    """Members of one source."""

    source: str
    members: list[tuple[Generated, Member]] = field(default_factory=list)

    def sql(self) -> str:
        """The one statement."""
        if self.source == ALONE:
            return "select " + ", ".join(item for _, one in self.members for item in one.items)
        key, read = ("r1.n", self._values()) if self.source == VALUES else ("r1.id", "")
        items = [
            _guarded(self._renamed(item, at), one, key, self._all_rows())
            for at, (_, one) in enumerate(self.members)
            for item in one.items
        ]
        return f"select {key}, {', '.join(items)} from {read or f'{self.source} r1'}"

    def _all_rows(self) -> tuple[int, ...] | None:
        if self.source != VALUES:
            return None
        return tuple(range(1, max(len(one.written) for _, one in self.members) + 1))

    def _renamed(self, item: str, at: int) -> str:
        return _COLUMN.sub(rf"r1.s{at}\1", item) if self.source == VALUES else item

    def _values(self) -> str:
        lines = []
        for number in self._all_rows() or ():
            cells = [
                cell
                for _, one in self.members
                for cell in (
                    one.written[number - 1]
                    if number <= len(one.written)
                    else ("null",) * len(one.written[0])
                )
            ]
            lines.append(f"({', '.join((str(number), *cells))})")
        names = [
            f"s{at}c{place + 1}"
            for at, (_, one) in enumerate(self.members)
            for place in range(len(one.written[0]))
        ]
        return f"(values {', '.join(lines)}) r1({', '.join(('n', *names))})"

    def records(self, said: Answer) -> Iterator[tuple[Generated, Recorded]]:
        """Each member's share of the answer."""
        types = tuple(map(type_text, said.types))
        keyed = self.source != ALONE
        place = int(keyed)
        for made, one in self.members:
            columns = range(place, place + len(one.items))
            place += len(one.items)
            shown = (0, *columns) if keyed else tuple(columns)
            rows = tuple(
                tuple(row[at] for at in shown)
                for row in said.rows
                if one.rows is None or row[0] in one.rows
            )
            yield (
                made,
                Recorded(made.text.hash, types=tuple(types[at] for at in shown), rows=rows),
            )


def _guarded(item: str, one: Member, key: str, rows: tuple[int, ...] | None) -> str:
    if one.rows == rows:
        return item
    assert one.rows is not None
    return f"case when {key} in ({', '.join(map(str, one.rows))}) then {item} end"


def batches(found: Iterable[tuple[Generated, Member]]) -> list[Batch]:
    """By their sources, so many at a time."""
    by_source: dict[str, list[tuple[Generated, Member]]] = {}
    for made, one in found:
        by_source.setdefault(one.source, []).append((made, one))
    return [
        Batch(source, members[at : at + MOST])
        for source, members in by_source.items()
        for at in range(0, len(members), MOST)
    ]


def halves(batch: Batch) -> Sequence[Batch]:
    """The two halves of a batch that failed."""
    middle = len(batch.members) // 2
    return (
        Batch(batch.source, batch.members[:middle]),
        Batch(batch.source, batch.members[middle:]),
    )


Ask = Callable[[str], Answer]


def answered(batch: Batch, ask: Ask) -> Iterator[tuple[Generated, Recorded]]:
    """What Trino says to each that it answers beside the others of its batch."""
    if len(batch.members) < 2:
        return
    said = ask(batch.sql())
    if said.error is None:
        yield from batch.records(said)
        return
    for half in halves(batch):
        yield from answered(half, ask)
