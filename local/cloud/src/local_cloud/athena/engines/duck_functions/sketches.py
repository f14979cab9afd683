"""approx_distinct, approx_percentile and the sets and digests behind them."""

import math
import struct
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from local_cloud.athena.engines.duck_sql import ordering
from local_cloud.athena.engines.duck_sql.aggregating import AggregateText
from local_cloud.athena.engines.duck_sql.folding import Row, folded
from local_cloud.athena.engines.duck_sql.registry import aggregate, python, sql
from local_cloud.athena.engines.duck_sql.representation import literal
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError, invalid_argument, not_supported
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import hashes, hyperloglog, java_math, numbers, tdigest
from local_cloud.athena.sql.values.hyperloglog import HyperLogLog
from local_cloud.athena.sql.values.tdigest import TDigest
from local_cloud.athena.sql.values.type_hashes import xx_hash

_DEFAULT_ERROR = 0.023
# ApproximateSetAggregation.NUMBER_OF_BUCKETS
_SET_BITS = 12


# ---- distinct values ----------------------------------------------------------------------------


@aggregate("approx_distinct(t)", "approx_distinct(unknown)")
def _approx_distinct(call: AggregateText) -> str:
    (of,) = call.types.arguments
    if of.args or not ordering.groups_as_is(of):
        return folded(
            call, lambda rows: _estimate([one for (one,) in rows], of), "approx_distinct"
        )
    # Repeated values change nothing.
    return call.text.python(
        lambda values: _estimate([one for one in values or () if one is not None], of),
        (t.array(of),),
        t.BIGINT,
        f"list(DISTINCT {call.arguments[0]}){call.suffix}",
        key=("approx_distinct", of),
        nullable=True,
    )


@aggregate("approx_distinct(t,double)", "approx_distinct(unknown,double)")
def _approx_distinct_within(call: AggregateText) -> str:
    of = call.types.arguments[0]

    def fold(rows: list[Row]) -> int:
        return _estimate([row[0] for row in rows], of, rows[0][1]) if rows else 0

    return folded(call, fold, "approx_distinct within")


def _estimate(values: Sequence[Any], of: Type, error: float = _DEFAULT_ERROR) -> int:
    if not values:
        return 0
    made = HyperLogLog(hyperloglog.bits_for(error))
    return made.add_all(xx_hash(one, of) for one in values).cardinality()


@aggregate("approx_distinct(boolean)", "approx_distinct(boolean,double)")
def _approx_distinct_booleans(call: AggregateText) -> str:
    return folded(call, lambda rows: len({row[0] for row in rows}), "approx_distinct booleans")


@aggregate("approx_set(bigint)", "approx_set(double)", "approx_set(varchar(x))")
def _approx_set(call: AggregateText) -> str:
    (of,) = call.types.arguments

    def fold(rows: list[Row]) -> bytes | None:
        if not rows:
            return None
        return HyperLogLog(_SET_BITS).add_all(_murmur(one, of) for (one,) in rows).serialized()

    return folded(call, fold, "approx_set")


def _murmur(value: Any, of: Type) -> int:
    if of.name == "bigint":
        return hashes.murmur3_64(struct.pack("<q", value))
    if of.name == "double":
        bits = struct.pack("<d", value) if value == value else struct.pack("<Q", 0x7FF8 << 48)
        return hashes.murmur3_64(bits)
    return hashes.murmur3_64(value.encode())


@aggregate("merge(hyperloglog)")
def _merge_sets(call: AggregateText) -> str:
    def fold(rows: list[Row]) -> bytes | None:
        if not rows:
            return None
        first, *others = (hyperloglog.deserialized(one) for (one,) in rows)
        for other in others:
            first.merge(other)
        return first.serialized()

    return folded(call, fold, "merge sets")


@sql("empty_approx_set()", total=True)
def _empty_set() -> str:
    return literal(HyperLogLog(_SET_BITS).serialized(), t.VARBINARY)


@python("cardinality(hyperloglog)")
def _cardinality(data: bytes) -> int:
    return hyperloglog.deserialized(data).cardinality()


# ---- percentiles --------------------------------------------------------------------------------


def _exact_double(value: float) -> float:
    found = float(value)
    if isinstance(value, int) and java_math.to_long(found) != value:
        raise invalid_argument(f"no exact double representation for long: {value}")
    if not math.isfinite(found):
        raise invalid_argument(f"value must be finite; was {found}")
    return found


_RESULTS: dict[str, Callable[[float], Any]] = {
    "bigint": java_math.rounded,
    "double": float,
    "real": numbers.single,
}


def _digest(rows: list[Row], weighted: bool, split: bool) -> TDigest:
    made = TDigest()
    for row in rows:
        value = _exact_double(row[0])
        made.add(value, tdigest.checked_weight(row[1]) if weighted else 1.0)
    return made.stored() if split else made


def _percentile(call: AggregateText) -> str:
    of = call.types.result
    weighted, split = len(call.exprs) == 3, call.split

    def fold(rows: list[Row]) -> Any:
        if not rows:
            return None
        made, wanted = _digest(rows, weighted, split), rows[-1][-1]
        return _RESULTS[of.name](made.values_at([_checked(wanted)])[0])

    return folded(call, fold, ("percentile", split))


def _percentiles(call: AggregateText) -> str:
    of = call.types.result.args[0]
    weighted, split = len(call.exprs) == 3, call.split

    def fold(rows: list[Row]) -> Any:
        if not rows:
            return None
        wanted = [_checked(one) for one in rows[0][-1]]
        made = _digest(rows, weighted, split)
        found = dict(zip(sorted(wanted), made.values_at(sorted(wanted)), strict=True))
        return [_RESULTS[of.name](found[one]) for one in wanted]

    return folded(call, fold, ("percentiles", split))


def _checked(percentile: float | None) -> float:
    if percentile is None or not 0 <= percentile <= 1:
        raise invalid_argument("Percentile must be between 0 and 1")
    return percentile


for _kind in _RESULTS:
    for _weight in ("", "double,"):
        aggregate(f"approx_percentile({_kind},{_weight}double)")(_percentile)
        aggregate(f"approx_percentile({_kind},{_weight}array(double))")(_percentiles)


@aggregate("tdigest_agg(double)", "tdigest_agg(double,double)")
def _tdigest(call: AggregateText) -> str:
    weighted, split = len(call.exprs) == 2, call.split

    def fold(rows: list[Row]) -> bytes | None:
        if not rows:
            return None
        if any(not math.isfinite(row[0]) for row in rows):
            raise QueryError("GENERIC_INTERNAL_ERROR", "value must be finite")
        return _digest(rows, weighted, split).serialized()

    return folded(call, fold, ("tdigest", split))


@aggregate("merge(tdigest)")
def _merge_digests(call: AggregateText) -> str:
    split = call.split

    def fold(rows: list[Row]) -> bytes | None:
        if not rows:
            return None
        first, *others = (tdigest.deserialized(one) for (one,) in rows)
        for other in others:
            first.merge_with(other)
        if others and not first.is_exact():
            # What comes out depends on the order in which Trino meets them.
            raise not_supported("merges of t-digests of so many values")
        return (first.stored() if split else first).serialized()

    return folded(call, fold, ("merge digests", split))


@python("value_at_quantile(tdigest,double)")
def _value_at(data: bytes, quantile: float) -> float:
    return _values_at(data, [quantile])[0]


@python("values_at_quantiles(tdigest,array(double))")
def _values_at(data: bytes, quantiles: list[float | None]) -> list[float]:
    wanted = [one or 0.0 for one in quantiles]
    if any(a > b for a, b in pairwise(wanted)):
        raise invalid_argument("percentiles must be sorted in increasing order")
    if any(one < 0 or one > 1 for one in wanted):
        raise QueryError("GENERIC_INTERNAL_ERROR", "quantiles should be in [0, 1] range")
    return tdigest.deserialized(data).values_at(wanted)
