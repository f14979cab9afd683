"""What is done to a simulated world, by whom it does not matter: the same in every world."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """Something that is done to the world at a time, in virtual seconds."""

    at_s: float
    what: str
    amount: float = 0.0

    def __str__(self) -> str:
        return f"{self.at_s:.2f} s {self.what} {self.amount:.3f}"


def picked(events: Sequence[Event], numbers: Collection[int] | None) -> tuple[Event, ...]:
    """Those with these numbers, from 1; None is all of them."""
    return tuple(
        event for number, event in enumerate(events, 1) if numbers is None or number in numbers
    )
