"""What may stand in FROM, as far as it matters for what is read of the tables below it.

A source has fields in their order and tells, for some of them and for conditions on them (terms over
places), what is read. So a column that nobody needs is not read, and a condition on a partition reaches
the table through subqueries, WITH queries, views, unions and joins, as it does in the engine.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from query_api.core.terms import UNKNOWN, Term, columns_of, conjuncts, renamed, said

MAX_READS = 150
"""Trino plans no more stages than that (query.max-stage-count)."""


_MAX_TERMS = 128


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a source: its name in lower case, None where it has none, and what may stand before it."""

    name: str | None
    label: tuple[str, ...] = ()

    def is_called(self, parts: Sequence[str]) -> bool:
        """Whether `a.b.name` means this column."""
        before = tuple(parts[:-1])
        return self.name == parts[-1] and before == self.label[len(self.label) - len(before) :]


@dataclass(frozen=True, slots=True)
class Read:
    """One reference to a table or view of the lake.

    `columns` are those that are read; None for all of them. `where` are conditions on its columns, all
    of which hold. `why_less`: why the engine may read less than that, from a closed list.
    """

    table: str
    columns: tuple[str, ...] | None
    where: tuple[Term, ...] = ()
    why_less: tuple[str, ...] = ()


def read_back(told: Sequence[Any] | None) -> tuple[Read, ...] | None:
    """References that came through JSON."""
    if told is None:
        return None
    return tuple(
        Read(
            table,
            None if columns is None else tuple(columns),
            tuple(said(one) for one in where),
            tuple(why),
        )
        for table, columns, where, why in told
    )


class TooManyReadsError(Exception):
    """A statement that refers to tables so often that nobody counts on."""


@dataclass(slots=True)
class Reads:
    """What was found so far. `why_less` holds what is true of all that is found from now on."""

    found: list[Read] = field(default_factory=list)
    why_less: tuple[str, ...] = ()

    def add(self, read: Read) -> None:
        """Note a read. Raises TooManyReadsError."""
        if len(self.found) >= MAX_READS:
            raise TooManyReadsError
        self.found.append(read)


class Source(ABC):
    """Rows with named columns."""

    fields: tuple[Field, ...]

    @abstractmethod
    def read(self, places: Set[int], where: Sequence[Term], into: Reads) -> None:
        """Note what is read for these columns of rows of which `where` holds."""


class Nothing(Source):
    """Rows that are read of no table."""

    def __init__(self, fields: tuple[Field, ...] = ()) -> None:
        self.fields = fields

    def read(self, places: Set[int], where: Sequence[Term], into: Reads) -> None:
        """Nothing is read."""


class TableSource(Source):
    """A table or view of the lake. Without known columns all of it is read."""

    def __init__(
        self, table: str, columns: Sequence[str] | None, label: tuple[str, ...]
    ) -> None:
        self._table = table
        self._columns = columns
        self.fields = tuple(Field(name, label) for name in columns or ())

    def read(self, places: Set[int], where: Sequence[Term], into: Reads) -> None:
        names = self._columns
        if names is None:
            into.add(Read(self._table, None, (), into.why_less))
            return
        terms = (renamed(one, lambda place: ("column", names[place])) for one in where)
        needed = places | {place for one in where for place in columns_of(one)}
        columns = tuple(sorted(names[place] for place in needed))
        into.add(Read(self._table, columns, tuple(terms), into.why_less))


class Labelled(Source):
    """Another name for the same rows, and for their columns where they are listed."""

    def __init__(self, inner: Source, label: str, names: Sequence[str] | None) -> None:
        self._inner = inner
        known = [one.name for one in inner.fields] if names is None else list(names)
        self.fields = tuple(Field(name, (label,)) for name in known)

    def read(self, places: Set[int], where: Sequence[Term], into: Reads) -> None:
        self._inner.read(places, where, into)


class Joined(Source):
    """Two sources beside each other. `kind` is the join's; `on` are its conditions, over the places of both.

    What is asked of the rows goes to a side that keeps all of its rows or none that fails, what is said
    in ON goes to a side of which rows without a partner are dropped.
    """

    def __init__(
        self, left: Source, right: Source, kind: str, using: Sequence[str] = ()
    ) -> None:
        self._left, self._right, self._kind = left, right, kind
        self.fields = (*left.fields, *right.fields)
        self.on: list[Term] = []
        self.used: set[int] = set()
        for name in using:
            places = [at for at, one in enumerate(self.fields) if one.name == name]
            self.used |= set(places)
            if len(places) == 2:
                self.on.append(("=", ("column", places[0]), ("column", places[1])))

    def read(self, places: Set[int], where: Sequence[Term], into: Reads) -> None:
        split = len(self._left.fields)
        needed = places | self.used | {at for one in where for at in columns_of(one)}
        on, asked = tuple(self.on), tuple(where)
        inner = self._kind not in ("LEFT", "RIGHT", "FULL")
        if inner:
            on = asked = _with_equals([*on, *asked])
        to_left = {"LEFT": asked, "RIGHT": on, "FULL": ()}.get(self._kind, asked)
        to_right = {"LEFT": on, "RIGHT": asked, "FULL": ()}.get(self._kind, asked)
        before, into.why_less = into.why_less, _also(into.why_less, "join")
        lefts = {at for at in needed if at < split}
        rights = {at - split for at in needed if at >= split}
        self._left.read(lefts, _of_side(to_left, range(split), 0), into)
        self._right.read(
            rights, _of_side(to_right, range(split, len(self.fields)), split), into
        )
        into.why_less = before


class United(Source):
    """UNION, INTERSECT and EXCEPT of two sources: columns by their places."""

    def __init__(self, left: Source, right: Source, kind: str, *, distinct: bool) -> None:
        self._sides, self._kind = (left, right), kind
        self._is_plain = kind == "UNION" and not distinct
        self.fields = left.fields

    def read(self, places: Set[int], where: Sequence[Term], into: Reads) -> None:
        needed = set(places) if self._is_plain else set(range(len(self.fields)))
        needed |= {at for one in where for at in columns_of(one)}
        before = into.why_less
        into.why_less = before if self._is_plain else without_limits(before)
        for side in self._sides:
            side.read(needed, where if self._kind == "UNION" else (), into)
        into.why_less = before


def without_limits(why: tuple[str, ...]) -> tuple[str, ...]:
    """Below what waits for all rows no LIMIT ends the reading."""
    return tuple(one for one in why if one not in ("limit", "row_cap"))


def _also(known: tuple[str, ...], one: str) -> tuple[str, ...]:
    return known if one in known else (*known, one)


def _of_side(terms: Sequence[Term], side: range, less: int) -> list[Term]:
    """The terms about one side, over its own places; a column of the other side is unknown to it."""

    def place(at: int) -> Term:
        return ("column", at - less) if at in side else UNKNOWN

    return [renamed(one, place) for one in terms if columns_of(one) & set(side)]


def _with_equals(terms: Sequence[Term]) -> tuple[Term, ...]:
    """The terms, and what they say of one column said of each that is equal to it (EqualityInference)."""
    parts = [one for term in terms for one in conjuncts(term)]
    equal = [
        (one[1][1], one[2][1])
        for one in parts
        if one[0] == "=" and one[1][0] == "column" and one[2][0] == "column"
    ]
    more = dict.fromkeys(parts)
    of_one: dict[int, list[Term]] = {}
    for one in parts:
        columns = columns_of(one)
        if len(columns) == 1:
            of_one.setdefault(columns.pop(), []).append(one)
    for this, other in [*equal, *((b, a) for a, b in equal)]:
        column: Term = ("column", other)
        for one in of_one.get(this, [])[: max(0, _MAX_TERMS - len(more))]:
            more[_with_column(one, column)] = None
    # Fewer conditions rule out less.
    return tuple(more)[:_MAX_TERMS]


def _with_column(term: Term, column: Term) -> Term:
    return renamed(term, lambda _: column)
