"""What `GET /status` tells: each partition's chain and what is on its way there."""

from collections.abc import Mapping
from typing import Any

from s3_sink.core.partition_state import PartitionState


def partition_status(
    state: PartitionState, committed: int | None, counted: Mapping[str, int]
) -> dict[str, Any]:
    """One partition. Offsets are Kafka's; objects and values are those of this process."""
    return {
        "position": state.fetched_to,
        "committed": committed,
        "chain_end": state.link,
        "complete_to_ms": state.watermark.complete_to_ms,
        "open_records": state.open_records,
        "open_bytes": state.open_bytes,
        "sealed_parts": len(state.sealed_parts),
        "epoch": state.epoch,
        "objects": counted.get("objects", 0),
        "values": counted.get("values", 0),
        "state": state.phase.value,
        "reason": state.reason,
    }
