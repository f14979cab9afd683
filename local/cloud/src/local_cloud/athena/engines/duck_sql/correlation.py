"""Which correlated queries Trino can decorrelate: of the others it answers none, and so do we.

Trino's rules rewrite plans (`io.trino.sql.planner.iterative.rule.TransformCorrelated…`). The forms
below are those that its rules reach whatever the tables hold, as a Trino 476 was asked; a form
that only some conditions make possible is refused.
"""

import re
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass

from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.failures import not_supported

# For each use: the clauses in which columns from outside are used, and then what such a query
# may consist of. With "-word" it must not have what a form allows otherwise (_ALWAYS).
_FORMS = {
    "scalar": """
        where: |aggregate |from |from aggregate |from limit order -unequal
        from/unnest: from -where |from aggregate -where -filter |from limit order -where
        select: -where
        values: |
    """,
    "exists": """
        where: |from |from aggregate
        select: |from
        select where: |from
    """,
    "in": "where: from",
    "quantified": "where: from",
    "lateral": """
        where: |from |from aggregate |from group |from limit order -unequal
        where: from group having -unequal
        from/unnest: from -where |from aggregate -where -filter |from limit order -where
        select: -where |limit -where
        values: |
    """,
}
# What a query may have or not in every form that does not say otherwise.
_ALWAYS = frozenset(("where", "join", "filter", "unequal", "emptied"))
# A constant in it fails: Trino computes it also of rows that no row outside meets, or of none.
_NEVER = "failing"


@dataclass(frozen=True, slots=True)
class _Form:
    use: str
    clauses: frozenset[str]
    has: frozenset[str]
    lacks: frozenset[str]

    def covers(self, use: str, clauses: Set[str], shape: Set[str]) -> bool:
        return (
            (self.use, self.clauses) == (use, clauses)
            and shape - _ALWAYS == self.has
            and not shape & self.lacks
        )


def _forms() -> list[_Form]:
    made = []
    for use, lines in _FORMS.items():
        for line in lines.strip().splitlines():
            clauses, _, shapes = line.strip().partition(":")
            for shape in shapes.split("|"):
                words = shape.split()
                has = frozenset(one for one in words if not one.startswith("-"))
                lacks = frozenset(one[1:] for one in words if one.startswith("-"))
                if "unnest" in clauses:
                    lacks |= {"join"}
                made.append(_Form(use, frozenset(clauses.split()), has, lacks))
    return made


_PLANNED = _forms()


def check_correlation(boundary: Scope, shape: Set[str], use: str) -> None:
    """Refuse a query of this shape that uses columns from around it in ways Trino cannot."""
    if not boundary.captured:
        return
    if _NEVER in shape:
        raise not_supported("correlated subqueries with a constant that fails")
    clauses = {"/".join(one) for places in boundary.captured.values() for one in places}
    if not any(one.covers(use, clauses, shape) for one in _PLANNED):
        raise not_supported(
            f"correlated subqueries of this form ({use}; outer columns in "
            f"{', '.join(sorted(clauses))}; it has {', '.join(sorted(shape)) or 'no FROM'})"
        )


# ---- what DuckDB binds ----------------------------------------------------------------------

_PIECE = re.compile(r"'(?:[^']|'')*'|\blambda\b|\w+|.", re.DOTALL)


def refuse_in_lambdas(sql: str, captured: Iterable[str]) -> None:
    """DuckDB does not find a column from outside of a subquery where a lambda in it uses it.

    Its binder says `Referenced column … not found` (seen with DuckDB 1.5.5).
    """
    if not _words_in_lambdas(sql).isdisjoint(captured):
        raise not_supported(
            "correlated subqueries that compute element by element, or with a value that is "
            "used twice, from outer columns"
        )


def _words_in_lambdas(sql: str) -> frozenset[str]:
    return frozenset(_read_in_lambdas(sql)) if "lambda" in sql else frozenset()


def _read_in_lambdas(sql: str) -> Iterator[str]:
    depth, inside = 0, [-1]
    for piece in _PIECE.findall(sql):
        if piece == "lambda":
            inside.append(depth)
        elif piece in "([{":
            depth += 1
        elif piece in ")]}":
            depth -= 1
            # A lambda ends with the brackets that it stands in.
            while inside[-1] > depth:
                inside.pop()
        elif len(inside) > 1:
            yield piece
