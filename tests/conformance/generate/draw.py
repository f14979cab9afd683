"""Chance: everything that is drawn for one statement, the same for the same seed and number."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

One = TypeVar("One")


@dataclass(slots=True)
class Draw:
    """The dice of one statement. `fuel` is how many composed expressions it may still hold."""

    chance: random.Random
    fuel: int = 6
    _names: "count[int]" = field(default_factory=lambda: count(1))

    def pick(self, some: Sequence[One]) -> One:
        return self.chance.choice(some)

    def weighted(self, some: Iterable[tuple[float, One]]) -> One:
        """One of them, the likelier the heavier it is."""
        listed = list(some)
        (found,) = self.chance.choices(listed, [weight for weight, _ in listed])
        return found[1]

    def maybe(self, share: float) -> bool:
        """True in this share of cases."""
        return self.chance.random() < share

    def between(self, least: int, most: int) -> int:
        return self.chance.randint(least, most)

    def some(self, items: Sequence[One], least: int, most: int) -> list[One]:
        """Several different ones, as many as there are at most."""
        most = min(most, len(items))
        return self.chance.sample(list(items), self.between(min(least, most), most))

    def shuffled(self, items: Iterable[One]) -> list[One]:
        found = list(items)
        self.chance.shuffle(found)
        return found

    def name(self, prefix: str) -> str:
        """A name that nothing else in the statement has."""
        return f"{prefix}{next(self._names)}"

    def burn(self) -> bool:
        """Take from the fuel; False where none is left."""
        self.fuel -= 1
        return self.fuel >= 0


def dice(seed: int, index: int, fuel: int = 6) -> Draw:
    """The dice of one statement of a run."""
    return Draw(random.Random(f"{seed}:{index}"), fuel)
