"""checksum (ChecksumAggregationFunction)."""

from local_cloud.athena.engines.duck_sql.aggregating import AggregateText
from local_cloud.athena.engines.duck_sql.folding import Row, folded
from local_cloud.athena.engines.duck_sql.registry import aggregate
from local_cloud.athena.sql.values.type_hashes import xx_hash

_PRIME = 0x9E3779B185EBCA87


@aggregate("checksum(t)")
def _checksum(call: AggregateText) -> str:
    (of,) = call.types.arguments

    def fold(rows: list[Row]) -> bytes | None:
        total = 0
        for (value,) in rows:
            total += _PRIME if value is None else xx_hash(value, of) * _PRIME
        return (total % 2**64).to_bytes(8, "little") if rows else None

    return folded(call, fold, "checksum")
