"""What time it is: the wall clock's time, unless it jumps or others contradict it.

Time goes on with a steady clock. Where the wall clock jumps against that, nobody knows yet which
of the two is wrong: the time stays where it was, until an answer's `Date` decides, or until the
doubt has lasted too long and nobody has contradicted the wall clock. One `Date` alone moves nothing but
the choice between the two; two that agree with each other are believed against both.
"""

from dataclasses import dataclass
from enum import StrEnum

# NTP slews by milliseconds and steps from 128 ms on (ntpd's manual, "step"): this is no slew.
STEP_MS = 1_000


class Event(StrEnum):
    """What became of the clock."""

    JUMPED = "clock_jumped"
    """The wall clock moved against the steady one; the time did not follow."""
    RETURNED = "clock_returned"
    """The wall clock is back where the time is."""
    CONTRADICTED = "clock_contradicted"
    """Answers say that the wall clock is wrong."""
    MOVED = "time_moved"
    """The time was set: to the wall clock, or to what answers say."""


@dataclass(frozen=True, slots=True)
class News:
    """An event, and by how much something moved or is off."""

    event: Event
    by_ms: int


@dataclass(frozen=True, slots=True)
class Dated:
    """When an answer says it was made, between the steady times of its request and its end."""

    date_ms: int
    asked_ms: int
    got_ms: int

    @property
    def offset_ms(self) -> int:
        """The time less the steady time that it speaks for."""
        # A `Date` has whole seconds.
        return self.date_ms + 500 - (self.asked_ms + self.got_ms) // 2

    def agrees(self, offset_ms: int, tolerance_ms: int) -> bool:
        """Whether this offset of the time fits, as far as the answer can tell."""
        soonest, latest = self.date_ms - self.got_ms, self.date_ms + 1_000 - self.asked_ms
        return soonest - tolerance_ms <= offset_ms <= latest + tolerance_ms


class Timeline:
    """The time as an offset to a steady clock. `steady_ms` is given, never read.

    `tolerance_ms`: how far a `Date` may be off and still agree. `max_doubt_ms`: how long a doubt
    lasts that no answer settles.
    """

    def __init__(
        self, wall_ms: int, steady_ms: int, tolerance_ms: int, max_doubt_ms: int
    ) -> None:
        self._tolerance_ms = tolerance_ms
        self._max_doubt_ms = max_doubt_ms
        self._began_ms = steady_ms
        self._offset_ms = self._wall_offset_ms = wall_ms - steady_ms
        self._disputed_since_ms: int | None = None
        self._is_contradicted = False
        self._vote_ms: int | None = None
        self.is_confirmed = False
        """Whether a `Date` has agreed with the time as it is now."""
        self.is_moot = False
        """Whether answers came and none of them had a `Date`: nobody will ever contradict."""

    def now_ms(self, steady_ms: int) -> int:
        """The time."""
        return steady_ms + self._offset_ms

    @property
    def wall_is_off_ms(self) -> int:
        """By how much the wall clock is ahead of the time, or behind it (below 0)."""
        return self._wall_offset_ms - self._offset_ms

    def is_settled(self, steady_ms: int) -> bool:
        """Whether there is no doubt, or nobody came to settle it in time."""
        if self._disputed_since_ms is not None:
            return self._is_contradicted
        waited_ms = steady_ms - self._began_ms
        return self.is_confirmed or self.is_moot or waited_ms >= self._max_doubt_ms

    def believable_ms(self, steady_ms: int) -> tuple[int, ...]:
        """The time, and while there is doubt what else it may be."""
        offsets = [self._offset_ms]
        if self._disputed_since_ms is not None and not self._is_contradicted:
            offsets.append(self._wall_offset_ms)
        if self._vote_ms is not None and not self.is_confirmed:
            offsets.append(self._vote_ms)
        return tuple(steady_ms + offset for offset in offsets)

    def look(self, wall_ms: int, steady_ms: int) -> News | None:
        """Look at both clocks: what is new."""
        moved_ms = wall_ms - steady_ms - self._wall_offset_ms
        self._wall_offset_ms += moved_ms
        if abs(self.wall_is_off_ms) <= STEP_MS:
            # In step, also where NTP slews it: the time follows.
            self._offset_ms = self._wall_offset_ms
            was_disputed, self._disputed_since_ms = self._disputed_since_ms, None
            self._is_contradicted = False
            return None if was_disputed is None else News(Event.RETURNED, moved_ms)
        if abs(moved_ms) > STEP_MS:
            self._disputed_since_ms, self._is_contradicted = steady_ms, False
            return News(Event.JUMPED, moved_ms)
        self._offset_ms += moved_ms
        since_ms = self._disputed_since_ms
        if since_ms is None or self._is_contradicted:
            return None
        return self._move(self._wall_offset_ms) if self._is_over(since_ms, steady_ms) else None

    def answered(self, dated: Dated | None) -> News | None:
        """An answer came, with a `Date` or without one: what is new."""
        if dated is None:
            self.is_moot = not self.is_confirmed and self._vote_ms is None
            return None
        self.is_moot = False
        if dated.agrees(self._wall_offset_ms, self._tolerance_ms):
            news = self._move(self._wall_offset_ms) if self.wall_is_off_ms else None
            self._vote_ms, self.is_confirmed = None, True
            return news
        if dated.agrees(self._offset_ms, self._tolerance_ms):
            self._vote_ms, self.is_confirmed = None, True
            return self._contradicted()
        return self._voted(dated)

    def _voted(self, dated: Dated) -> News | None:
        # Against both: one odd answer proves nothing, so a second one has to say the same.
        vote_ms, self._vote_ms = self._vote_ms, dated.offset_ms
        if vote_ms is None or not dated.agrees(vote_ms, self._tolerance_ms):
            return None
        news = self._move(dated.offset_ms)
        self._vote_ms, self.is_confirmed = None, True
        self._disputed_since_ms, self._is_contradicted = dated.got_ms, True
        return news

    def _contradicted(self) -> News | None:
        if self._is_contradicted:
            return None
        self._is_contradicted = True
        return News(Event.CONTRADICTED, self.wall_is_off_ms)

    def _move(self, offset_ms: int) -> News:
        by_ms, self._offset_ms = offset_ms - self._offset_ms, offset_ms
        self._disputed_since_ms, self._is_contradicted = None, False
        self.is_confirmed = False
        return News(Event.MOVED, by_ms)

    def _is_over(self, since_ms: int, steady_ms: int) -> bool:
        return steady_ms - since_ms >= self._max_doubt_ms
