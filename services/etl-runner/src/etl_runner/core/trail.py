"""Up to where the raw objects of each partition are known without a gap, by listings and by hints.

An object says where it begins and where it ends, so a hint that was lost is noticed at the next one.
"""

from collections.abc import Iterable
from dataclasses import dataclass

Slot = tuple[str, int]
Position = tuple[int, int]
# Where the first epoch of a topic begins that nothing had expired from (`contracts/epochs.py`).
_FIRST = (1, 0)


@dataclass(frozen=True, slots=True)
class Mark:
    """Where an object ends, and what the stream had promised there. Times are ms since the epoch, UTC."""

    epoch: int
    next_offset: int
    complete_to_ms: int | None

    @property
    def position(self) -> Position:
        return self.epoch, self.next_offset


class Trail:
    """What is behind the known end of a partition waits until a listing, or a hint, closes the gap."""

    def __init__(self) -> None:
        self._known: dict[Slot, Mark] = {}
        self._newest: dict[Slot, Mark] = {}
        self._before: dict[Slot, Mark] = {}
        self._ahead: dict[Slot, dict[Position, Mark]] = {}

    def heard(self, topic: str, partition: int, link: int, mark: Mark) -> None:
        """A hint of an object that begins at `link`."""
        slot = (topic, partition)
        if slot not in self._newest and (mark.epoch, link) <= _FIRST:
            # Nothing can lie before it: a new topic waits for no listing.
            self._known[slot] = mark
        self._seen(slot, mark)
        self._ahead.setdefault(slot, {})[mark.epoch, link] = mark
        self._follow(slot)

    def listed(self, topic: str, partition: int, mark: Mark) -> None:
        """The newest object of a partition in a listing."""
        self._seen((topic, partition), mark)

    def pass_begins(self) -> None:
        """Everything is about to be listed."""
        self._before = dict(self._newest)

    def pass_ended(self, *, at_once: bool = True) -> None:
        """Everything was listed: nothing is missing before an object that was known at the begin.

        A partition that was not known then counts up to the newest object that was found, but not
        where the pass was interrupted: more can lie in what was listed long before that object.
        """
        found = self._newest if at_once else {}
        for slot, mark in {**found, **self._before}.items():
            known = self._known.get(slot)
            if known is None or known.position < mark.position:
                self._known[slot] = mark
            self._follow(slot)

    def complete_to_ms(self, topic: str, partitions: Iterable[int]) -> int | None:
        """What is promised up to the known ends; None where one partition has no such promise."""
        marks = [self._known.get((topic, number)) for number in partitions]
        found = [mark.complete_to_ms for mark in marks if mark is not None]
        known = [ms for ms in found if ms is not None]
        return min(known) if known and len(known) == len(marks) else None

    def _seen(self, slot: Slot, mark: Mark) -> None:
        newest = self._newest.get(slot)
        if newest is None or newest.position < mark.position:
            self._newest[slot] = mark

    def _follow(self, slot: Slot) -> None:
        known, ahead = self._known.get(slot), self._ahead.get(slot, {})
        if known is None:
            return
        while (following := ahead.pop(known.position, None)) is not None:
            known = following
        self._known[slot] = known
        self._ahead[slot] = {at: mark for at, mark in ahead.items() if at > known.position}
