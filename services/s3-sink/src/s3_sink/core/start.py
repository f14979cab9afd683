"""Where a partition goes on: a link of its chain, and what is known of it."""

from dataclasses import dataclass
from uuid import UUID

from s3_sink.core.commit import Commit
from s3_sink.core.found import Found


@dataclass(frozen=True, slots=True)
class Tip:
    """A link of the chain, and the object that ends there; None where it is the origin."""

    link: int
    found: Found | None = None

    @property
    def complete_to_ms(self) -> int | None:
        return None if self.found is None else self.found.meta.complete_to_ms

    @property
    def stored_to_ms(self) -> int | None:
        return None if self.found is None else self.found.stored_to_ms

    @property
    def reached(self) -> Commit | None:
        """What to commit of it; nothing at the origin."""
        return None if self.found is None else Commit(self.link, str(self.found.key))


@dataclass(frozen=True, slots=True)
class Start:
    """Where to go on, and in which topic.

    `compared` tells whether the log's own records proved to be the chain's. `expired` tells that
    of the chain nothing is left but its epoch and the commit that it goes on from.
    """

    epoch: int
    topic_id: UUID
    tip: Tip
    committed: Commit | None
    compared: bool
    expired: bool = False
