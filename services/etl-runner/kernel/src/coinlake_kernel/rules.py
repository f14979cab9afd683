"""Data quality: one table of rules. Hard ones quarantine the row, soft ones are counted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from coinlake.contracts.answers import MAX_ID_BYTES, is_id
from coinlake.contracts.datasets import ELEMENTS

Dimension = Literal["completeness", "validity", "range", "uniqueness", "freshness"]


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What a rule may look at beside the row.

    `source_ms` is ms since the epoch, UTC; None also where it is too far from the receive time.
    """

    source_ms: int | None
    seen: set[tuple[Any, ...]]
    """Identities of the rows before this one in the same answer."""


Row = Mapping[str, Any]
Holds = Callable[[Row, RuleContext], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a table; `dqdl` says the same in Glue's Data Quality language, if it can.

    It looks at `columns`: one of them must be there (completeness), each is a usable id (validity) or
    above zero if it is there (range), all of them tell rows of one answer apart (uniqueness).
    """

    name: str
    table: str
    dimension: Dimension
    hard: bool
    columns: tuple[str, ...]
    holds: Holds
    dqdl: str | None


def _complete(table: str, columns: tuple[str, ...], name: str) -> Rule:
    def holds(row: Row, _: RuleContext) -> bool:
        return any(row[column] not in (None, "") for column in columns)

    dqdl = " or ".join(f'(IsComplete "{column}")' for column in columns)
    return Rule(name, table, "completeness", True, columns, holds, dqdl)


def _valid(table: str, column: str) -> Rule:
    def holds(row: Row, _: RuleContext) -> bool:
        return is_id(row[column])

    dqdl = (
        f'(IsComplete "{column}") and (ColumnLength "{column}" <= {MAX_ID_BYTES})'
        f' and (ColumnValues "{column}" matches "[^\\p{{Cc}}]*[^\\p{{Cc}}\\s][^\\p{{Cc}}]*")'
    )
    return Rule(f"{column}_usable", table, "validity", True, (column,), holds, dqdl)


def _positive(table: str, column: str) -> Rule:
    def holds(row: Row, _: RuleContext) -> bool:
        value: Decimal | int | None = row[column]
        return value is None or value > 0

    dqdl = f'ColumnValues "{column}" > 0'
    return Rule(f"{column}_positive", table, "range", False, (column,), holds, dqdl)


def _unique(table: str, identity: tuple[str, ...]) -> Rule:
    def holds(row: Row, context: RuleContext) -> bool:
        own = tuple(row[column] for column in identity)
        known = own in context.seen
        context.seen.add(own)
        return not known

    key = " ".join(f'"{column}"' for column in (*identity, "topic", "kafka_offset"))
    return Rule(
        "unique_in_answer", table, "uniqueness", False, identity, holds, f"IsPrimaryKey {key}"
    )


def _fresh(table: str) -> Rule:
    def holds(_: Row, context: RuleContext) -> bool:
        return context.source_ms is not None

    return Rule("source_time_near", table, "freshness", False, (), holds, None)


def _rules() -> tuple[Rule, ...]:
    rules = []
    for element in ELEMENTS.values():
        rules += [_valid(element.table, column) for column in element.identity]
        if element.price:
            rules.append(_complete(element.table, element.price, "price_usable"))
        rules += [_positive(element.table, column) for column in element.price]
        rules += [_unique(element.table, element.identity), _fresh(element.table)]
        if any(field.column == "rank" for field in element.fields):
            rules.append(_positive(element.table, "rank"))
    return tuple(rules)


RULES: tuple[Rule, ...] = _rules()
BY_TABLE: dict[str, tuple[Rule, ...]] = {
    element.table: tuple(rule for rule in RULES if rule.table == element.table)
    for element in ELEMENTS.values()
}


def dqdl(table: str) -> str:
    """The table's rules as a Glue Data Quality ruleset (developer guide, "DQDL reference")."""
    said = [rule.dqdl for rule in BY_TABLE[table] if rule.dqdl is not None]
    return "Rules = [\n    " + ",\n    ".join(said) + "\n]"
