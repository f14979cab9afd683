"""How Kafka says that a stamp lies in its future."""

from coinlake.errors import TransientError

# Error 32, INVALID_TIMESTAMP: `message.timestamp.after.max.ms` of the topic, an hour by default
# (Kafka's docs, "Topic Configs"; KIP-1030). By its name in aiokafka, as the other errors are told
# apart.
_NAME = "InvalidTimestampError"


def is_too_early(error: TransientError) -> bool:
    """Whether Kafka refused a record for its timestamp."""
    cause = error.__cause__
    return cause is not None and type(cause).__name__ == _NAME
