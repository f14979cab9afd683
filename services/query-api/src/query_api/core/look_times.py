"""When to look whether a query has ended: first when the last ones like it did, then ever less often."""

from collections import OrderedDict, deque
from dataclasses import dataclass

_SHAPES = 512
_RECENT = 5
# An answer that lies there waits this share of its own time at most, until the cap.
_GROWTH = 0.2
_LEAST_S = 0.008


@dataclass(frozen=True, slots=True)
class LookPace:
    """Seconds: the first wait for a statement that is not known, and the longest of all."""

    first_s: float
    cap_s: float


class LookTimes:
    """How long statements took lately, by their text without values; bounded."""

    def __init__(self, pace: LookPace) -> None:
        self._pace = pace
        self._took_s: OrderedDict[str, deque[float]] = OrderedDict()

    def note(self, sql: str, took_s: float) -> None:
        """A query of this text ended so long after it was started."""
        recent = self._took_s.setdefault(sql, deque(maxlen=_RECENT))
        recent.append(took_s)
        self._took_s.move_to_end(sql)
        if len(self._took_s) > _SHAPES:
            self._took_s.popitem(last=False)

    def first_s(self, sql: str) -> float:
        """When to look first, from the start on: when the faster of the last few had ended.

        The second fastest of five: one that was lucky does not make the others be looked at too
        early, and those that are slower cost a look or two more.
        """
        recent = self._took_s.get(sql)
        if not recent:
            return self._pace.first_s
        ordered = sorted(recent)
        return min(self._pace.cap_s, max(_LEAST_S, ordered[min(1, len(ordered) - 1)]))

    def next_s(self, age_s: float) -> float:
        """How long after a look at this age comes the next one: exponential, up to the cap."""
        return min(self._pace.cap_s, max(_LEAST_S, age_s * _GROWTH))
