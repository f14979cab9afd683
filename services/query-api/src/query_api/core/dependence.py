"""What a statement's rows depend on: which days of which feeds, and whether on nothing else.

Pure, and careful: where it is not plain that a table is bounded to some days, it reads all of
them. Only the version of an answer is made from it, never what the statement may read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from coinlake.contracts.datasets import ASSETS, TABLES, TABULAR, dataset_of_table
from coinlake.contracts.ledger import (
    LEDGER_TABLE,
    LEDGER_VIEW,
    QUALITY_VIEW,
    UNKNOWN_FIELDS_VIEW,
)
from coinlake.contracts.tables import quarantine_of
from coinlake.views.candles import INTERVALS_MS
from query_api.core.days import ALL_DAYS, Days
from trino_sql import tree
from trino_sql.query_parser import parse_query

_FEED_OF: Mapping[str, str] = {
    **{name: dataset_of_table(name).name for name in TABLES},
    **{quarantine_of(name).name: dataset_of_table(name).name for name in TABLES},
    **{f"candles_{interval}": ASSETS.name for interval in INTERVALS_MS},
    "candles": ASSETS.name,
}
# They are made of ledger entries: of all feeds, whatever day they are asked for.
_OF_LEDGER = frozenset({LEDGER_TABLE, LEDGER_VIEW, QUALITY_VIEW, UNKNOWN_FIELDS_VIEW})
_CHANGING = frozenset({"now", "random", "rand", "uuid", "shuffle", "current_timezone"})
_FLIPPED = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True)
class Dependence:
    """`days` by feed. `changes`: the rows depend on when they are asked for (`now()`).

    `is_known` is false where the rows also depend on what no ledger tells of (the raw zone).
    """

    days: Mapping[str, Days]
    changes: bool
    is_known: bool

    def told(self) -> dict[str, Any]:
        """The same as plain data, for a pipe."""
        days = {feed: [one.first, one.last] for feed, one in self.days.items()}
        return {"days": days, "changes": self.changes, "is_known": self.is_known}

    @staticmethod
    def read(told: Any) -> "Dependence":
        """What `told` gave, read back."""
        days = {feed: Days(first, last) for feed, (first, last) in told["days"].items()}
        return Dependence(days, told["changes"], told["is_known"])


UNKNOWN_DEPENDENCE = Dependence({}, changes=True, is_known=False)


def dependence_of(sql: str) -> Dependence:
    """What a statement that passed the guard depends on."""
    days: dict[str, Days] = {}
    changes, is_known = False, True
    for node, bound in _tables(parse_query(sql)):
        if not isinstance(node, tree.Table):
            changes = changes or _is_changing(node)
            continue
        name = node.name.parts[-1].name.lower()
        if name in _OF_LEDGER:
            days |= dict.fromkeys(TABULAR, ALL_DAYS)
        elif name in _FEED_OF:
            feed = _FEED_OF[name]
            own = bound if name in TABLES else ALL_DAYS
            days[feed] = _joined(days.get(feed, own), own)
        elif len(node.name.parts) > 1:
            # The guard writes tables of the lake with their database; other names are WITH queries.
            is_known = False
    return Dependence(days, changes, is_known)


def _is_changing(node: tree.Node) -> bool:
    if isinstance(node, tree.FunctionCall):
        return node.name.text in _CHANGING
    return isinstance(node, (tree.CurrentTime, tree.CurrentName))


def _tables(root: tree.Node) -> Iterator[tuple[tree.Node, Days]]:
    """Every node, with the days that a table there is bounded to."""
    pending: list[tuple[Any, Days]] = [(root, ALL_DAYS)]
    while pending:
        node, days = pending.pop()
        if isinstance(node, tuple):
            pending.extend((one, days) for one in node)
        elif isinstance(node, tree.Select):
            yield node, days
            for part in tree.parts(node).values():
                only = _sole_table(node.from_) if part is node.from_ else None
                pending.append((part, ALL_DAYS if only is None else _bounds(node, only)))
        elif isinstance(node, tree.Node):
            yield node, days
            # A table below anything but its own SELECT is not bounded by that one's WHERE.
            inner = days if isinstance(node, tree.Aliased) else ALL_DAYS
            pending.extend((part, inner) for part in tree.parts(node).values())


def _sole_table(relation: tree.Relation | None) -> str | None:
    """What the only table of a FROM is called there; None where there is more than one."""
    if isinstance(relation, tree.Aliased) and isinstance(relation.relation, tree.Table):
        return None if relation.columns else relation.alias.name.lower()
    if isinstance(relation, tree.Table):
        return relation.name.parts[-1].name.lower()
    return None


def _bounds(select: tree.Select, table: str) -> Days:
    days = ALL_DAYS
    for term in _terms(select.where):
        days = _both(days, _bound(term, table))
    return days


def _terms(where: tree.Expression | None) -> Iterator[tree.Expression]:
    """The conditions that all hold."""
    pending = [] if where is None else [where]
    while pending:
        one = pending.pop()
        if isinstance(one, tree.Logical) and one.operator.upper() == "AND":
            pending.extend(one.terms)
        else:
            yield one


def _bound(term: tree.Expression, table: str) -> Days:
    """The days that a condition leaves."""
    if isinstance(term, tree.Comparison):
        return _compared(term, table)
    if isinstance(term, tree.Between) and not term.negated and _is_dt(term.value, table):
        return Days(_text(term.lower, ALL_DAYS.first), _text(term.upper, ALL_DAYS.last))
    if isinstance(term, tree.InList) and not term.negated and _is_dt(term.value, table):
        texts = [one.value for one in term.items if isinstance(one, tree.StringLiteral)]
        if len(texts) == len(term.items):
            return Days(min(texts), max(texts))
    return ALL_DAYS


def _compared(term: tree.Comparison, table: str) -> Days:
    operator, value = term.operator, term.right
    if _is_dt(term.right, table):
        operator, value = _FLIPPED.get(operator, ""), term.left
    elif not _is_dt(term.left, table):
        return ALL_DAYS
    if not isinstance(value, tree.StringLiteral):
        return ALL_DAYS
    first = value.value if operator in ("=", ">", ">=") else ALL_DAYS.first
    last = value.value if operator in ("=", "<", "<=") else ALL_DAYS.last
    return Days(first, last)


def _is_dt(node: tree.Expression, table: str) -> bool:
    if isinstance(node, tree.Dereference):
        base = node.base
        if not isinstance(base, tree.Identifier) or base.name.lower() != table:
            return False
        node = node.field
    return isinstance(node, tree.Identifier) and node.name.lower() == "dt"


def _text(node: tree.Expression, otherwise: str) -> str:
    return node.value if isinstance(node, tree.StringLiteral) else otherwise


def _both(one: Days, other: Days) -> Days:
    return Days(max(one.first, other.first), min(one.last, other.last))


def _joined(one: Days, other: Days) -> Days:
    return Days(min(one.first, other.first), max(one.last, other.last))
