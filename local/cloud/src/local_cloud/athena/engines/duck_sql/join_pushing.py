"""Where the conditions of a join, and those around it, are asked (PredicatePushDown.visitJoin).

A condition that may fail is asked of all rows of a side or only of those that meet a row of the
other one; which it is follows from the other conditions, not from the data.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

from local_cloud.athena.engines.duck_sql import filtering
from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.relation import Planner, Relation, with_columns
from local_cloud.athena.sql.analysis.failing import may_fail
from local_cloud.athena.sql.ir import ColumnRef, Constant, Expr, Special
from local_cloud.athena.sql.properties import columns_of, is_plain
from local_cloud.athena.sql.substitution import renamed

_COMPARED = ("=", "<", "<=", ">", ">=")


@dataclass(slots=True)
class _Placed:
    """The conditions by where they are asked: of one side's rows, of pairs, behind the join."""

    kind: str
    left: list[Expr] = field(default_factory=list)
    right: list[Expr] = field(default_factory=list)
    pairs: list[Expr] = field(default_factory=list)
    behind: list[Expr] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Joining:
    """A join of two relations; `on` are the terms of its condition, none for a cross join.

    `text` writes a condition as this kind of join has it.
    """

    planner: Planner
    kind: str
    first: Relation
    second: Relation
    on: tuple[Expr, ...]
    text: Callable[[Expr], str]

    def sql(self) -> str:
        """The join with no condition around it."""
        found = self.push((), frozenset(_columns(self.first) | _columns(self.second)))
        return (
            found[0]
            if found is not None
            else self._joined(self.kind, self.first.sql, self.second.sql, self.on)
        )

    def push(
        self, terms: Sequence[Expr], used: Set[ColumnRef]
    ) -> tuple[str, list[Expr]] | None:
        """See Push."""
        asked = [one for one in terms if is_plain(one)]
        placed = self._placed(asked)
        left = self._side(self.first, placed.left, used)
        right = self._side(self.second, placed.right, used)
        pairs, behind, first, second = self._early(placed)
        if left is None and right is None and not first and not second:
            return None
        left = left or self._rows(self.first, placed.left)
        right = right or self._rows(self.second, placed.right)
        sql = self._joined(
            placed.kind,
            with_columns(self.planner, left, first) if first else left,
            with_columns(self.planner, right, second) if second else right,
            pairs,
        )
        return sql, [*behind, *(one for one in terms if not is_plain(one))]

    def _side(self, side: Relation, terms: list[Expr], used: Set[ColumnRef]) -> str | None:
        """The rows of a side where it makes a difference that it is asked these terms."""
        read = used | frozenset(one for term in self.on for one in columns_of(term))
        rows = filtering.pushed(self.planner, side, terms, read & _columns(side))
        if rows is None and any(map(can_fail, terms)):
            rows = self._rows(side, terms)
        return rows

    def _rows(self, side: Relation, terms: list[Expr]) -> str:
        return filtering.filtered(self.planner, side, terms) if terms else side.sql

    def _joined(self, kind: str, left: str, right: str, pairs: Sequence[Expr]) -> str:
        if not pairs and kind in ("CROSS", "INNER"):
            return f"SELECT * FROM ({left}) CROSS JOIN ({right})"
        where = self.text(filtering.all_of(pairs)) if pairs else "TRUE"
        return f"SELECT * FROM ({left}) {kind} JOIN ({right}) ON {where}"

    # ---- where it is asked --------------------------------------------------------------------

    def _placed(self, terms: list[Expr]) -> _Placed:
        kind = self._kind(terms)
        if kind == "INNER":
            return self._of_inner(terms)
        if kind == "FULL":
            return _Placed(kind, pairs=list(self.on), behind=terms)
        if kind == "LEFT":
            return self._of_outer(self.first, self.second, terms)
        mirrored = self._of_outer(self.second, self.first, terms)
        return replace(mirrored, kind=kind, left=mirrored.right, right=mirrored.left)

    def _kind(self, terms: list[Expr]) -> str:
        """An outer join of which nothing missing is kept is none (canConvertOuterToInner)."""
        if self.kind in ("CROSS", "INNER"):
            return "INNER"
        left = self._drops_missing(self.first, terms)
        right = self._drops_missing(self.second, terms)
        if self.kind == "FULL":
            return {(True, True): "INNER", (True, False): "LEFT", (False, True): "RIGHT"}.get(
                (left, right), "FULL"
            )
        return "INNER" if (right if self.kind == "LEFT" else left) else self.kind

    def _drops_missing(self, side: Relation, terms: list[Expr]) -> bool:
        nulls: Mapping[ColumnRef, Expr] = {
            one.column: Constant(one.type, None) for one in side.fields
        }
        simplify = self.planner.text.without_the_unneeded
        return any(
            columns_of(one) & _columns(side) and _is_never(simplify(renamed(one, nulls)))
            for one in terms
        )

    def _of_inner(self, terms: list[Expr]) -> _Placed:
        """What may fail is asked of a side only where nothing is asked of pairs."""
        placed = _Placed("INNER")
        every = [(one, placed.pairs) for one in self.on] + [
            (one, placed.behind) for one in terms
        ]
        of_pairs = any(not may_fail(one) and self._place(one) is None for one, _ in every)
        for one, together in every:
            side = self._place(one)
            waits = of_pairs and may_fail(one) and not (side is not None and side.is_row)
            if side is None or not is_plain(one) or waits:
                together.append(one)
                of_pairs = True
            else:
                (placed.left if side is self.first else placed.right).append(one)
        return placed

    def _of_outer(self, outer: Relation, inner: Relation, terms: list[Expr]) -> _Placed:
        """`left` are the terms for the side that is kept whole, `right` those for the other.

        There it is also asked what columns that are equal are asked (EqualityInference).
        """
        placed = _Placed("LEFT")
        equal = dict(self._equalities(outer, inner))
        for one in filtering.equalities_first(terms):
            if columns_of(one) <= _columns(outer):
                placed.left.append(one)
                placed.right.extend(_inferred(one, outer, equal))
            else:
                placed.behind.append(one)
        for one in self.on:
            if not is_plain(one):
                placed.pairs.append(one)
            elif columns_of(one) <= _columns(inner):
                placed.right.append(one)
            else:
                placed.pairs.append(one)
                placed.right.extend(_inferred(one, outer, equal))
        return placed

    def _place(self, term: Expr) -> Relation | None:
        """The side that a term is about."""
        for side in (self.first, self.second):
            if columns_of(term) <= _columns(side):
                return side
        return None

    def _equalities(self, outer: Relation, inner: Relation) -> Iterator[tuple[ColumnRef, Expr]]:
        for term in self.on:
            if not isinstance(term, Special) or term.form != "=":
                continue
            for one, other in (term.operands, term.operands[::-1]):
                if not isinstance(one, ColumnRef) or one not in _columns(outer):
                    continue
                if columns_of(other) and columns_of(other) <= _columns(inner):
                    yield one, other

    def _early(
        self, placed: _Placed
    ) -> tuple[list[Expr], list[Expr], dict[Expr, ColumnRef], dict[Expr, ColumnRef]]:
        """The terms of pairs with the parts that are computed of each row of a side as columns.

        These are both sides of equalities, and the second side of other comparisons, over whose
        rows a table is made (PushInequalityFilterExpressionBelowJoin).
        """
        found: tuple[dict[Expr, ColumnRef], dict[Expr, ColumnRef]] = ({}, {})

        def changed(term: Expr) -> Expr:
            if (
                not isinstance(term, Special)
                or term.form not in _COMPARED
                or not can_fail(term)
            ):
                return term
            places = [self._place(one) for one in term.operands]
            if (
                None in places
                or places[0] is places[1]
                or not all(map(columns_of, term.operands))
            ):
                return term
            operands = list(term.operands)
            for at, one in enumerate(term.operands):
                of_second = places[at] is self.second
                if can_fail(one) and (of_second or term.form == "="):
                    known = found[of_second]
                    operands[at] = known.setdefault(one, self.planner.column(one.type))
            return replace(term, operands=tuple(operands))

        pairs = [changed(one) if is_plain(one) else one for one in placed.pairs]
        if placed.kind != "INNER":
            return pairs, placed.behind, *found
        behind = [changed(one) for one in placed.behind]
        # What cannot fail any more is a condition of the join.
        pairs += [one for one, old in zip(behind, placed.behind, strict=True) if one is not old]
        return pairs, [one for one in behind if one in placed.behind], *found


def _inferred(term: Expr, outer: Relation, equal: Mapping[ColumnRef, Expr]) -> Iterator[Expr]:
    """The term about the other side, if all that it says of this one is equal to something."""
    used = columns_of(term) & _columns(outer)
    if can_fail(term) and used and used <= equal.keys() and is_plain(term):
        yield renamed(term, equal)


def _columns(side: Relation) -> frozenset[ColumnRef]:
    return frozenset(one.column for one in side.fields)


def _is_never(value: Expr) -> bool:
    return isinstance(value, Constant) and not value.value
