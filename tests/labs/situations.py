"""Named situations that a simulation must have met: which were reached, in how many seeds, how often."""

from collections import Counter
from collections.abc import Mapping


class Situations:
    """What a world says may happen in it, by name, with a line each that says what it is.

    One run counts with `reached`; a sum of runs takes the counts of one after the other with `add`.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = dict(names)
        self.times: Counter[str] = Counter()
        self.seeds: Counter[str] = Counter()

    def reached(self, name: str) -> None:
        """It has happened. Raises KeyError for a name that is not in the list."""
        if name not in self.names:
            raise KeyError(f"{name!r} is no situation of this world")
        self.times[name] += 1

    def add(self, counts: Mapping[str, int]) -> None:
        """What one seed has reached. Raises KeyError as `reached` does."""
        for name, times in counts.items():
            if name not in self.names:
                raise KeyError(f"{name!r} is no situation of this world")
            if times:
                self.seeds[name] += 1
                self.times[name] += times

    def unreached(self) -> list[str]:
        return [name for name in self.names if not self.times[name]]

    def table(self) -> str:
        """A line for each: in how many seeds, how often, and what it is; the rarest first."""
        width = max(map(len, self.names), default=0)
        rarest = sorted(self.names, key=lambda name: (self.seeds[name], self.times[name]))
        lines = [f"{'situation':{width}} {'seeds':>7} {'times':>8}"]
        lines += [
            f"{name:{width}} {self.seeds[name]:7} {self.times[name]:8}  {self.names[name]}"
            for name in rarest
        ]
        return "\n".join(lines)
