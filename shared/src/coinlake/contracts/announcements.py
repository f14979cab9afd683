"""What the sink and the runner announce on Kafka. Hints: the bucket is the truth."""

import json
from dataclasses import asdict, dataclass

from coinlake.contracts.hours import Hour


@dataclass(frozen=True, slots=True)
class Landed:
    """A raw object has landed (`coinlake.landed.v1`). `size` in bytes, offsets are Kafka's."""

    key: str
    etag: str
    size: int
    topic: str
    dt: str
    hour: str
    epoch: int
    partition: int
    link: int
    next_offset: int
    values: int
    complete_to_ms: int | None

    def encode(self) -> bytes:
        return json.dumps(asdict(self), separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class Published:
    """An hour of a feed was published (`coinlake.published.v1`)."""

    feed: str
    dt: str
    hour: str
    version: int
    batch_id: str
    rows: dict[str, int]

    def encode(self) -> bytes:
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True).encode()


def parse_landed(value: bytes) -> Landed:
    """Read an announcement back. Raises ValueError where it is none."""
    try:
        landed = Landed(**json.loads(value))
        Hour(landed.dt, landed.hour).start_ms  # noqa: B018 - raises where the hour is none
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"not an announcement: {error}") from error
    return landed


def parse_published(value: bytes) -> Published:
    """Read an announcement back. Raises ValueError where it is none."""
    try:
        return Published(**json.loads(value))
    except (TypeError, ValueError) as error:
        raise ValueError(f"not an announcement: {error}") from error
