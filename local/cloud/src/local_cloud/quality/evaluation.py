"""Rules over a table in memory: for each row whether it holds, and for all of them."""

import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from local_cloud.quality.dqdl import CompositeRule, Condition, DqdlError, Rule, SimpleRule

Mask = npt.NDArray[np.bool_]
ROW, COLUMN = "ROW", "COLUMN"
_COMPARE: dict[str, Callable[[pa.Array, Any], pa.Array]] = {
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
    "=": pc.equal,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule says of a table. `failed` rows are None where only the whole was judged."""

    rule: Rule
    held: bool
    evaluated: int
    failed: int | None


def evaluate(rules: Sequence[Rule], table: pa.Table, composite: str) -> list[Outcome]:
    """Each rule over all rows. `composite` ROW combines the parts of a rule row by row, COLUMN only
    what each says of the whole. Raises DqdlError for a column that is not there."""
    return [_outcome(rule, table, composite) for rule in rules]


def _outcome(rule: Rule, table: pa.Table, composite: str) -> Outcome:
    if composite == COLUMN and isinstance(rule, CompositeRule):
        parts = [_outcome(one, table, composite).held for one in rule.rules]
        held = all(parts) if rule.word == "and" else any(parts)
        return Outcome(rule, held, table.num_rows, None)
    failed = table.num_rows - int(rows_that_hold(rule, table).sum())
    return Outcome(rule, failed == 0, table.num_rows, failed)


def rows_that_hold(rule: Rule, table: pa.Table) -> Mask:
    """For each row, whether the rule holds."""
    if isinstance(rule, CompositeRule):
        parts = [rows_that_hold(one, table) for one in rule.rules]
        return reduce(operator.and_ if rule.word == "and" else operator.or_, parts)
    if rule.kind == "IsPrimaryKey":
        return _is_key(rule, table)
    (name,) = rule.columns
    column = _column(table, name)
    if not len(column):
        # Where there is no object, nobody knows the column's type.
        return np.ones(0, bool)
    if rule.kind == "IsComplete":
        return _mask(pc.is_valid(column))
    assert rule.condition is not None
    if rule.kind == "ColumnLength":
        return _holds(pc.utf8_length(column), rule.condition)
    return _holds(column, rule.condition)


def _holds(values: pa.Array, condition: Condition) -> Mask:
    """A null fails every condition but `= NULL` (developer guide, "ColumnValues")."""
    wanted = condition.operand
    if wanted is None:
        return _mask(pc.is_null(values))
    if condition.operator == "matches":
        return _mask(pc.match_substring_regex(values, f"^(?:{wanted})$"))
    assert isinstance(wanted, Decimal)
    return _mask(_COMPARE[condition.operator](values, pa.scalar(wanted)))


def _is_key(rule: SimpleRule, table: pa.Table) -> Mask:
    columns = [_column(table, name) for name in rule.columns]
    complete = reduce(operator.and_, (_mask(pc.is_valid(column)) for column in columns))
    names = [f"k{number}" for number in range(len(columns))]
    keys = pa.table(dict(zip(names, columns, strict=True)))
    counted = keys.append_column("place", pa.array(np.arange(table.num_rows)))
    groups = counted.group_by(names).aggregate([("place", "count"), ("place", "list")])
    unique = np.ones(table.num_rows, bool)
    for size, places in zip(groups["place_count"], groups["place_list"], strict=True):
        if size.as_py() > 1:
            unique[places.as_py()] = False
    return complete & unique


def _column(table: pa.Table, name: str) -> pa.Array:
    if name not in table.schema.names:
        raise DqdlError(f"the table has no column {name}")
    return table[name].combine_chunks()


def _mask(found: pa.Array) -> Mask:
    mask: Mask = found.fill_null(False).to_numpy(zero_copy_only=False).astype(bool)
    return mask


def columns_of(rule: Rule) -> set[str]:
    """The columns that a rule looks at."""
    if isinstance(rule, CompositeRule):
        return set().union(*(columns_of(one) for one in rule.rules))
    return set(rule.columns)
