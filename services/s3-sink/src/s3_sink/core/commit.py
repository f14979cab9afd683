"""What the consumer group has committed of a partition."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Commit:
    """A committed offset. `metadata` is the key of the object that ends there."""

    offset: int
    metadata: str
