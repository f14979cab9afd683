"""Data quality: one table of rules. Hard ones quarantine the row, soft ones are counted."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from unicodedata import category

from coinlake.contracts.datasets import TABULAR, Dataset

Dimension = Literal["completeness", "validity", "schema", "range", "uniqueness", "freshness"]


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What a rule may look at beside the row.

    `source_ms` is ms since the epoch, UTC; None also where it is too far from the receive time.
    `unfit` are the row's columns whose values their types do not hold.
    """

    source_ms: int | None
    seen: set[tuple[Any, ...]]
    """Identities of the rows before this one in the same answer."""
    unfit: Collection[str] = ()
    has_unknown_keys: bool = False


MAX_ID_BYTES = 256
"""Longer texts are no ids; CoinCap's have at most some forty characters."""
Row = Mapping[str, Any]
Holds = Callable[[Row, RuleContext], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a table; `dqdl` says the same in Glue's Data Quality language, if it can.

    It looks at `columns`: one of them must be there (completeness), each is a usable id (validity),
    held by its type (schema; without columns: there is no unknown key) or above zero if it is there
    (range), all of them tell rows of one answer apart (uniqueness).
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


def is_id(text: str | None) -> bool:
    """Whether a text can be an id: not blank, no control characters, at most 256 bytes."""
    if text is None or not text.strip() or len(text.encode()) > MAX_ID_BYTES:
        return False
    return not any(category(character) == "Cc" for character in text)


def _valid(table: str, column: str) -> Rule:
    def holds(row: Row, _: RuleContext) -> bool:
        return is_id(row[column])

    dqdl = (
        f'(IsComplete "{column}") and (ColumnLength "{column}" <= {MAX_ID_BYTES})'
        f' and (ColumnValues "{column}" matches "[^\\p{{Cc}}]*[^\\p{{Cc}}\\s][^\\p{{Cc}}]*")'
    )
    return Rule(f"{column}_usable", table, "validity", True, (column,), holds, dqdl)


def _fits(table: str, column: str) -> Rule:
    def holds(_: Row, context: RuleContext) -> bool:
        return column not in context.unfit

    return Rule(f"{column}_fits", table, "schema", True, (column,), holds, None)


def _known(table: str) -> Rule:
    def holds(_: Row, context: RuleContext) -> bool:
        return not context.has_unknown_keys

    return Rule("no_unknown_keys", table, "schema", True, (), holds, None)


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


def rules_of(dataset: Dataset) -> tuple[Rule, ...]:
    """The rules of a dataset's own table, the hard ones first; none without an element."""
    element = dataset.element
    if element is None:
        return ()
    table = element.table
    rules = [_valid(table, column) for column in element.identity]
    if element.price:
        rules.append(_complete(table, element.price, "price_usable"))
    rules += [_fits(table, one.column) for one in element.fields if one.unfit == "quarantine"]
    if dataset.unknown_keys == "freeze":
        rules.append(_known(table))
    rules += [_positive(table, column) for column in element.price]
    rules += [_unique(table, element.identity), _fresh(table)]
    if any(field.column == "rank" for field in element.fields):
        rules.append(_positive(table, "rank"))
    return tuple(rules)


RULES: tuple[Rule, ...] = tuple(rule for one in TABULAR.values() for rule in rules_of(one))
BY_TABLE: dict[str, tuple[Rule, ...]] = {
    one.tables[0]: rules_of(one) for one in TABULAR.values()
}


def dqdl(table: str) -> str:
    """The table's rules as a Glue Data Quality ruleset (developer guide, "DQDL reference")."""
    said = [rule.dqdl for rule in BY_TABLE[table] if rule.dqdl is not None]
    return "Rules = [\n    " + ",\n    ".join(said) + "\n]"
