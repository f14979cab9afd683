"""The drift-free schedule: which tick is due, which were missed, where to go on after a restart.

A tick is named by the millisecond it was due. The next one is computed from that name and never
from the time at which the last poll happened to end, so delays do not add up.
"""

from dataclasses import dataclass

# NTP slews by milliseconds (ntpd's manual, "step"); a last tick this far in the future means the
# clock was set back.
STEP_BACK_MS = 1_000


@dataclass(frozen=True, slots=True)
class Tick:
    """A recorded tick and the interval that was planned after it, both in milliseconds."""

    due_ms: int
    interval_ms: int


@dataclass(frozen=True, slots=True)
class Missed:
    """A run of ticks that nobody polled: first and last due time, and how many."""

    from_ms: int
    to_ms: int
    count: int

    def join(self, later: "Missed") -> "Missed":
        """This run and a later one as one run."""
        return Missed(self.from_ms, later.to_ms, self.count + later.count)


@dataclass(frozen=True, slots=True)
class Due:
    """The tick to run now, and the ones before it that are dropped, never queued."""

    due_ms: int
    missed: Missed | None


@dataclass(frozen=True, slots=True)
class Resumed:
    """Where a restarted schedule goes on: `last_due_ms` counts as done."""

    last_due_ms: int
    missed: Missed | None


def due_tick(last_due_ms: int, interval_ms: int, now_ms: int) -> Due | None:
    """The newest tick that is due; None while the next one is still to come."""
    behind = (now_ms - last_due_ms) // interval_ms
    if behind < 1:
        return None
    due_ms = last_due_ms + behind * interval_ms
    if behind == 1:
        return Due(due_ms, None)
    return Due(due_ms, Missed(last_due_ms + interval_ms, due_ms - interval_ms, behind - 1))


def anchored(last_due_ms: int, now_ms: int) -> int:
    """The last tick, moved to now if the clock was set back behind it: else polling would stop."""
    return now_ms if last_due_ms > now_ms + STEP_BACK_MS else last_due_ms


def resume(last: Tick | None, interval_ms: int, now_ms: int) -> Resumed:
    """Go on after a restart: every tick up to now is missed, whatever became of its poll.

    A page that was never polled is due at once.
    """
    if last is None:
        return Resumed(now_ms - interval_ms, None)
    if last.due_ms > now_ms:
        return Resumed(anchored(last.due_ms, now_ms), None)
    count = (now_ms - last.due_ms) // last.interval_ms
    missed = None
    if count:
        first_ms = last.due_ms + last.interval_ms
        missed = Missed(first_ms, last.due_ms + count * last.interval_ms, count)
    # The interval may have changed with the settings: the grid goes on from the same tick.
    passed = (now_ms - last.due_ms) // interval_ms
    return Resumed(last.due_ms + passed * interval_ms, missed)
