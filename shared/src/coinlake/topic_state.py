"""A topic as a broker knows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as a broker knows it. `id` is another one when a topic of that name is made anew.

    `leaders` maps each partition to the node that leads it; None where there is none. `trouble` is
    why the topic cannot be read, None where it can.
    """

    name: str
    id: UUID
    leaders: Mapping[int, int | None] = field(default_factory=dict)
    trouble: str | None = None
    is_missing: bool = False
