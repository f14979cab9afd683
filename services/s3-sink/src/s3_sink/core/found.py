"""An object of the chain, as it was found."""

from dataclasses import dataclass

from coinlake.contracts.hours import UNKNOWN_HOUR
from coinlake.contracts.raw_codec import Decoded
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.raw_meta import RawMeta
from s3_sink.core.watermark import Watermark


@dataclass(frozen=True, slots=True)
class Found:
    """An object that is in the chain. `size` in bytes."""

    key: RawKey
    meta: RawMeta
    etag: str
    size: int

    @property
    def stored_to_ms(self) -> int | None:
        """The newest timestamp in it; None where its hour is unknown and timestamps tell nothing."""
        return None if self.key.hour == UNKNOWN_HOUR else self.meta.max_timestamp_ms


def described(key: RawKey, decoded: Decoded) -> RawMeta:
    """The metadata of an object that lost them, from its records and its name."""
    records = decoded.records
    return RawMeta(
        link=key.link,
        first_offset=records[0].offset,
        next_offset=records[-1].offset + 1,
        records=len(records),
        values=sum(record.value is not None for record in records),
        sha256=decoded.sha256,
        min_timestamp_ms=min(record.timestamp_ms for record in records),
        max_timestamp_ms=max(record.timestamp_ms for record in records),
        complete_to_ms=Watermark().after(records).complete_to_ms,
        writer="unknown",
    )
