"""What the sink and the runner announce on Kafka. Hints: the bucket is the truth."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Any

from coinlake.contracts.compact_json import compact_json
from coinlake.contracts.hours import parse_hour


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
        return compact_json(self)


def parse_landed(value: bytes) -> Landed:
    """Read an announcement back. Raises ValueError where it is none."""
    landed: Landed = _announcement(Landed, value)
    if parse_hour(f"dt={landed.dt}/hour={landed.hour}") is None:
        raise ValueError(f"not an announcement: {landed.dt!r} {landed.hour!r} is no hour")
    return landed


def parse_published(value: bytes) -> Published:
    """Read an announcement back. Raises ValueError where it is none."""
    published: Published = _announcement(Published, value)
    if not all(type(rows) is int for rows in published.rows.values()):
        raise ValueError(f"not an announcement: rows {published.rows!r:.80}")
    return published


_TYPES: dict[Any, tuple[type, ...]] = {
    int: (int,),
    str: (str,),
    int | None: (int, type(None)),
    dict[str, int]: (dict,),
}


def _announcement(kind: type[Any], value: bytes) -> Any:
    """An announcement with the types that it says; what it says beside them is of a later version."""
    try:
        raw = json.loads(value)
        said = {field.name: raw[field.name] for field in fields(kind)}
        for field in fields(kind):
            # A bool is an int to Python, and no number to anybody else.
            if type(said[field.name]) not in _TYPES[field.type]:
                raise ValueError(f"{field.name} is {said[field.name]!r:.80}")
    except (TypeError, KeyError, ValueError, RecursionError) as error:
        raise ValueError(f"not an announcement: {error}") from error
    return kind(**said)
