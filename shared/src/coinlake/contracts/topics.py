"""Every Kafka topic with the settings it is created with, the same in each deployment."""

from dataclasses import dataclass

from coinlake.contracts import datasets
from coinlake.contracts.datasets import DATASETS

REJECTED = datasets.REJECTED.topic
HISTORY = datasets.HISTORY.topic
GAPS = datasets.GAPS.topic
LANDED = "coinlake.landed.v1"
PUBLISHED = "coinlake.published.v1"

_DAY_MS = 86_400_000
# CoinCap's largest answer (2,000 assets of the size of those in tests/data/coincap) is about 0.9
# MB; four times that leaves room for drift.
MAX_MESSAGE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic and its broker-side settings. Retention is in milliseconds."""

    name: str
    partitions: int = 1
    retention_ms: int = 14 * _DAY_MS
    max_message_bytes: int = MAX_MESSAGE_BYTES

    def config(self) -> dict[str, str]:
        """The topic's settings as Kafka names them."""
        return {
            # The sink tiles offsets: compaction would tear holes that look like losses.
            "cleanup.policy": "delete",
            # The hour of a record is when its answer was received, which the producer knows.
            "message.timestamp.type": "CreateTime",
            "retention.ms": str(self.retention_ms),
            "max.message.bytes": str(self.max_message_bytes),
        }


TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        *(Topic(dataset.topic) for dataset in DATASETS.values()),
        Topic(LANDED),
        Topic(PUBLISHED),
    )
}


def copied_by_the_sink() -> tuple[str, ...]:
    """The topics whose records are kept in the raw zone for ever."""
    return tuple(dataset.topic for dataset in DATASETS.values() if dataset.is_copied)
