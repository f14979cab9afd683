"""The quality rules of rows (`contracts.quality`), row by row. Hard ones quarantine, soft ones count."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from unicodedata import category

from coinlake.contracts.quality import MAX_ID_BYTES, MAX_UPDATE_AGE_MS, ROW_RULES, QualityRule

BY_TABLE: dict[str, tuple[QualityRule, ...]] = dict(ROW_RULES)


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What a rule may look at beside the row.

    Times are ms since the epoch, UTC. `source_ms` is None also where it is too far from the receive
    time, `received_ms` where it is not known. `unfit` are the row's columns whose values their types
    do not hold.
    """

    source_ms: int | None
    received_ms: int | None
    seen: set[tuple[Any, ...]]
    """Identities of the rows before this one in the same answer."""
    unfit: Collection[str] = ()
    has_unknown_keys: bool = False


Row = Mapping[str, Any]


def holds(rule: QualityRule, row: Row, context: RuleContext) -> bool:
    """Raises KeyError for a rule of a dimension that is not known here."""
    return _CONDITIONS[rule.dimension](rule, row, context)


def is_id(text: str | None) -> bool:
    """Whether a text can be an id: not blank, no control characters, at most 256 bytes."""
    if text is None or not text.strip() or len(text.encode()) > MAX_ID_BYTES:
        return False
    return not any(category(character) == "Cc" for character in text)


def _complete(rule: QualityRule, row: Row, _: RuleContext) -> bool:
    return any(row[column] not in (None, "") for column in rule.columns)


def _valid(rule: QualityRule, row: Row, _: RuleContext) -> bool:
    (column,) = rule.columns
    return is_id(row[column])


def _as_contracted(rule: QualityRule, _: Row, context: RuleContext) -> bool:
    if not rule.columns:
        return not context.has_unknown_keys
    return not any(column in context.unfit for column in rule.columns)


def _positive(rule: QualityRule, row: Row, _: RuleContext) -> bool:
    (column,) = rule.columns
    value: Decimal | int | None = row[column]
    return value is None or value > 0


def _unique(rule: QualityRule, row: Row, context: RuleContext) -> bool:
    own = tuple(row[column] for column in rule.columns)
    known = own in context.seen
    context.seen.add(own)
    return not known


def _fresh(rule: QualityRule, row: Row, context: RuleContext) -> bool:
    if not rule.columns:
        return context.source_ms is not None
    (column,) = rule.columns
    value: int | None = row[column]
    if value is None or context.received_ms is None:
        return True
    return context.received_ms - value <= MAX_UPDATE_AGE_MS


_CONDITIONS: dict[str, Callable[[QualityRule, Row, RuleContext], bool]] = {
    "completeness": _complete,
    "validity": _valid,
    "schema": _as_contracted,
    "range": _positive,
    "uniqueness": _unique,
    "freshness": _fresh,
}
