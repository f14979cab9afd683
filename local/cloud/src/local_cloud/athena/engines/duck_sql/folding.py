"""Aggregates that Python computes: DuckDB gathers a group's rows, in their order, into a list."""

from collections.abc import Callable, Sequence
from typing import Any

from local_cloud.athena.engines.duck_sql.aggregating import AggregateText
from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.representation import cast
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.ir import Constant, Expr
from local_cloud.athena.sql.properties import is_constant
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import compare

Row = tuple[Any, ...]
# From a group's rows, those left out that the function does not see, to its value.
Fold = Callable[[list[Row]], Any]


def folded(call: AggregateText, fold: Fold, key: Any, result: Type | None = None) -> str:
    """SQL of `fold` over the rows of each group or frame; equal keys mean equal folds.

    A row is the tuple of the arguments. Rows in which an argument is null that the declaration
    says is never so are left out, and with DISTINCT so are repeated ones.
    """
    kinds = call.types.arguments
    fixed = [place for place, one in enumerate(call.exprs) if _is_fixed(one)]
    varying = [place for place in range(len(kinds)) if place not in fixed]
    if not varying:
        # Something has to be gathered for each row.
        varying, fixed = fixed[:1], fixed[1:]
    required = [place for place, nullable in enumerate(call.nullable) if not nullable]

    def compute(gathered: list[Any] | None, *constants: Any) -> Any:
        rows = _rows(gathered or [], varying, dict(zip(fixed, constants, strict=True)))
        if required:
            rows = [one for one in rows if all(one[place] is not None for place in required)]
        if call.distinct:
            rows = distinct_rows(rows, kinds)
        return fold(rows)

    of = kinds[varying[0]] if len(varying) == 1 else t.row(tuple(kinds[i] for i in varying))
    return call.text.python(
        compute,
        (t.array(of), *(kinds[i] for i in fixed)),
        result or call.types.result,
        call.gathered(_packed(call, varying)),
        *(call.arguments[i] for i in fixed),
        key=(key, kinds, tuple(fixed), bool(call.distinct)),
        nullable=True,
    )


def _is_fixed(of: Expr) -> bool:
    """Whether it is the same for every row, so that it need not be gathered.

    What may fail is not to fail where there are no rows.
    """
    return isinstance(of, Constant) or (is_constant(of) and not can_fail(of))


def _packed(call: AggregateText, places: Sequence[int]) -> str:
    kinds = call.types.arguments
    made = [cast(call.arguments[place], kinds[place]) for place in places]
    if len(made) == 1:
        return made[0]
    return call.projected(
        f"struct_pack({', '.join(f'f{i} := {one}' for i, one in enumerate(made))})"
    )


def _rows(gathered: list[Any], varying: Sequence[int], fixed: dict[int, Any]) -> list[Row]:
    if not fixed:
        return gathered if len(varying) > 1 else [(one,) for one in gathered]
    rows = []
    for one in gathered:
        known = {
            **fixed,
            **dict(zip(varying, one if len(varying) > 1 else (one,), strict=True)),
        }
        rows.append(tuple(known[place] for place in range(len(known))))
    return rows


def distinct_rows(rows: list[Row], kinds: Sequence[Type]) -> list[Row]:
    """The first of each that is not distinct from others."""
    found: dict[Any, Row] = {}
    for row in rows:
        key = tuple(compare.hashable(one, of) for one, of in zip(row, kinds, strict=True))
        found.setdefault(key, row)
    return list(found.values())
