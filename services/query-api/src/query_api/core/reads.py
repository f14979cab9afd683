"""What a checked statement reads of the lake: tables, their columns, conditions on their partitions.

Pure, over Trino's tree; results are plain data that go through a pipe. What is in none of the forms
here is taken for unknown, which reads more and never less.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from typing import Any

from query_api.core.read_scopes import Around, Columns, Scope, parts_of, use
from query_api.core.read_select import Selected
from query_api.core.read_sources import (
    Field,
    Joined,
    Labelled,
    Nothing,
    Read,
    Reads,
    Source,
    TableSource,
    TooManyReadsError,
    United,
)
from query_api.core.terms import UNKNOWN, Term, conjuncts, renamed, term_of
from trino_sql import tree


def reads_of(query: tree.Query, columns: Columns) -> tuple[Read, ...] | None:
    """Every reference to a table; None where there are too many to say."""
    tails = (query.tail, query.body.tail if isinstance(query.body, tree.Select) else query.tail)
    is_limited = any(one.limit is not None for one in tails)
    # The guard puts a LIMIT where there is none.
    into = Reads(why_less=() if is_limited else ("row_cap",))
    try:
        source = _query(query, _around(columns), is_whole=True)
        source.read(set(range(len(source.fields))), (), into)
    except (TooManyReadsError, RecursionError):
        return None
    return tuple(into.found)


def reads_below(
    query: tree.Query, names: Sequence[str] | None, where: Sequence[Term], columns: Columns
) -> tuple[Read, ...] | None:
    """What is read of a view's query for these of its columns, of rows of which `where` holds."""
    into = Reads()
    try:
        source = _query(query, _around(columns))
        places = {one.name: at for at, one in enumerate(source.fields)}
        known = range(len(source.fields))
        wanted = set(known) if names is None else {places[n] for n in names if n in places}
        terms = [
            renamed(one, lambda n: ("column", places[n]) if n in places else UNKNOWN)
            for one in where
        ]
        source.read(wanted, terms, into)
    except (TooManyReadsError, RecursionError):
        return None
    return tuple(into.found)


def _around(columns: Columns) -> Around:
    return Around(columns, _query, _relation)


# ---- queries ----------------------------------------------------------------------------------


def _query(query: tree.Query, around: Around, *, is_whole: bool = False) -> Source:
    if query.with_ is not None:
        for one in query.with_.queries:
            around = replace(
                around, named={**around.named, one.name.name.lower(): _named(one, around)}
            )
    body = _relation(query.body, around, is_whole=is_whole)
    return body if query.tail == tree.Tail() else _Tailed(body, query.tail, around)


def _named(one: tree.NamedQuery, around: Around) -> Callable[[], Source]:
    names = None if one.columns is None else [name.name.lower() for name in one.columns]
    return lambda: Labelled(_query(one.query, around), one.name.name.lower(), names)


def _relation(node: tree.Relation, around: Around, *, is_whole: bool = False) -> Source:
    if isinstance(node, tree.Select):
        return Selected(node, around, is_whole=is_whole)
    rule = _RELATIONS.get(type(node))
    return Nothing() if rule is None else rule(node, around)


def _table(node: tree.Table, around: Around) -> Source:
    parts = tuple(part.name.lower() for part in node.name.parts)
    named = around.named.get(parts[-1]) if len(parts) == 1 else None
    around.built.another()
    if "information_schema" in parts[:-1]:
        # Answered from the service's own list.
        return Nothing()
    if named is not None:
        return named()
    return TableSource(parts[-1], around.columns(parts[-1]), parts)


def _aliased(node: tree.Aliased, around: Around) -> Source:
    names = None if node.columns is None else [one.name.lower() for one in node.columns]
    return Labelled(_relation(node.relation, around), node.alias.name.lower(), names)


def _join(node: tree.Join, around: Around) -> Source:
    left = _relation(node.left, around)
    inner = node.right.relation if isinstance(node.right, tree.Aliased) else node.right
    if isinstance(inner, tree.Unnest):
        return _Unnested(left, node.right, inner)
    right, criteria = _relation(node.right, around), node.criteria
    using = (
        [one.name.lower() for one in criteria.columns]
        if isinstance(criteria, tree.JoinUsing)
        else ()
    )
    made = Joined(left, right, node.kind, using)
    if isinstance(criteria, tree.JoinOn):
        return _On(made, criteria.condition, around)
    return made


_RELATIONS: dict[type[Any], Callable[[Any, Around], Source]] = {
    tree.Table: _table,
    tree.Aliased: _aliased,
    tree.Join: _join,
    tree.TableSubquery: lambda node, around: Labelled(_query(node.query, around), "", None),
    tree.SetOperation: lambda node, around: United(
        _relation(node.left, around),
        _relation(node.right, around),
        node.kind,
        distinct=node.distinct,
    ),
    tree.Query: lambda node, around: _query(node, around),
}


class _On(Source):
    """A join with its condition, which may hold queries of its own."""

    def __init__(self, joined: Joined, condition: tree.Expression, around: Around) -> None:
        self._joined, self._condition, self._around = joined, condition, around
        self.fields = joined.fields

    def read(self, places: Set[int], where: Sequence[Term], into: Reads) -> None:
        scope = Scope(self.fields, self._around.outer)
        use(self._condition, scope, self._around, into)
        self._joined.on = conjuncts(term_of(self._condition, scope.term))
        self._joined.used = scope.used
        self._joined.read(places, where, into)


class _Unnested(Source):
    """Rows beside those of a column of theirs that is an array or a map."""

    def __init__(self, left: Source, right: tree.Relation, inner: tree.Unnest) -> None:
        self._left, self._inner = left, inner
        named = right.columns if isinstance(right, tree.Aliased) else None
        label = (right.alias.name.lower(),) if isinstance(right, tree.Aliased) else ()
        names = [one.name.lower() for one in named or ()]
        self.fields = (*left.fields, *(Field(name, label) for name in names))

    def read(self, places: Set[int], where: Sequence[Term], into: Reads) -> None:
        count = len(self._left.fields)
        scope = Scope(self._left.fields, None)
        for one in self._inner.expressions:
            scope.use(parts_of(one))
        terms = [
            renamed(one, lambda at: ("column", at) if at < count else UNKNOWN) for one in where
        ]
        self._left.read({at for at in places if at < count} | scope.used, terms, into)


class _Tailed(Source):
    """ORDER BY and LIMIT behind a set operation."""

    def __init__(self, inner: Source, tail: tree.Tail, around: Around) -> None:
        self._inner, self._tail, self._around = inner, tail, around
        self.fields = inner.fields

    def read(self, places: Set[int], where: Sequence[Term], into: Reads) -> None:
        scope = Scope(self.fields, None)
        for item in self._tail.order:
            use(item.key, scope, self._around, into)
        limited = self._tail.limit is not None or self._tail.offset is not None
        before = into.why_less
        if self._tail.limit is not None and not self._tail.order:
            into.why_less = (*before, "limit")
        self._inner.read(set(places) | scope.used, () if limited else where, into)
        into.why_less = before
