"""Epochs: within topic, epoch and partition an offset means one record for ever."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Epoch:
    """The epoch of a topic: where the chain of each partition begins, and why it was made.

    `topic_id` is the id that Kafka gave the topic (KIP-516): one that is made anew under the same
    name has another. None in records of before ids were kept.
    """

    topic: str
    number: int
    origins: Mapping[int, int]
    reason: str
    created_at_ms: int
    topic_id: UUID | None = None

    def origin(self, partition: int) -> int:
        """The offset at which a partition's chain begins.

        A partition that was added after the epoch began starts where Kafka starts it: at 0.
        """
        return self.origins.get(partition, 0)

    def encode(self) -> bytes:
        """The record as the bucket keeps it."""
        record: dict[str, Any] = {
            "topic": self.topic,
            "epoch": self.number,
            "origins": {str(number): at for number, at in sorted(self.origins.items())},
            "reason": self.reason,
            "created_at_ms": self.created_at_ms,
        }
        if self.topic_id is not None:
            record["topic_id"] = str(self.topic_id)
        return json.dumps(record, indent=1).encode() + b"\n"


def parse_epoch(body: bytes) -> Epoch:
    """Read an epoch's record back. Raises ValueError where it is none."""
    try:
        raw = json.loads(body)
        return Epoch(
            topic=str(raw["topic"]),
            number=int(raw["epoch"]),
            origins={int(number): int(at) for number, at in raw["origins"].items()},
            reason=str(raw["reason"]),
            created_at_ms=int(raw["created_at_ms"]),
            topic_id=UUID(raw["topic_id"]) if raw.get("topic_id") is not None else None,
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not an epoch: {error!r}") from error
