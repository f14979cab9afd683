"""The S3 user metadata of a raw object: enough to prove the chain without reading a byte."""

from collections.abc import Mapping
from dataclasses import dataclass

FORMAT = "1"


@dataclass(frozen=True, slots=True)
class RawMeta:
    """What an object says of itself. Offsets are Kafka's, times are ms since the epoch, UTC.

    `next_offset` is where the next object of the partition starts (not always the last
    record's offset + 1). `values` leaves null values (heartbeats) out. `sha256` is over index
    and lines, see `raw_codec.content_sha256`. `complete_to_ms` is the stream's position: the
    highest promise of the heartbeats up to this object.
    """

    link: int
    first_offset: int
    next_offset: int
    records: int
    values: int
    sha256: str
    min_timestamp_ms: int
    max_timestamp_ms: int
    complete_to_ms: int | None
    writer: str

    def encode(self) -> dict[str, str]:
        """As S3 user metadata (without the `x-amz-meta-` prefix); at most a few hundred bytes."""
        encoded = {
            "coinlake-format": FORMAT,
            "link": str(self.link),
            "first": str(self.first_offset),
            "next": str(self.next_offset),
            "records": str(self.records),
            "values": str(self.values),
            "sha256": self.sha256,
            "min-ts": str(self.min_timestamp_ms),
            "max-ts": str(self.max_timestamp_ms),
            "writer": self.writer,
        }
        if self.complete_to_ms is not None:
            encoded["complete-to"] = str(self.complete_to_ms)
        return encoded


def parse_raw_meta(metadata: Mapping[str, str]) -> RawMeta | None:
    """Read user metadata back; None where it is not ours or not whole."""
    if metadata.get("coinlake-format") != FORMAT:
        return None
    try:
        complete_to = metadata.get("complete-to")
        return RawMeta(
            link=int(metadata["link"]),
            first_offset=int(metadata["first"]),
            next_offset=int(metadata["next"]),
            records=int(metadata["records"]),
            values=int(metadata["values"]),
            sha256=metadata["sha256"],
            min_timestamp_ms=int(metadata["min-ts"]),
            max_timestamp_ms=int(metadata["max-ts"]),
            complete_to_ms=None if complete_to is None else int(complete_to),
            writer=metadata["writer"],
        )
    except (KeyError, ValueError):
        return None
