"""What `GET /status` tells: each partition's chain and what is on its way there."""

from collections.abc import Mapping
from typing import Any

from s3_sink.core.lane import Lane


def partition_status(
    lane: Lane, committed: int | None, counted: Mapping[str, int]
) -> dict[str, Any]:
    """One partition. Offsets are Kafka's; objects and values are those of this process."""
    return {
        "position": lane.fetched_to,
        "committed": committed,
        "chain_end": lane.link,
        "complete_to_ms": lane.promises.complete_to_ms,
        "open_records": lane.open_records,
        "open_bytes": lane.open_bytes,
        "sealed_parts": len(lane.sealed_parts),
        "epoch": lane.epoch,
        "objects": counted.get("objects", 0),
        "values": counted.get("values", 0),
        "state": lane.state.value,
        "reason": lane.reason,
    }
