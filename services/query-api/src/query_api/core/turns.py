"""Whose turn it is: fair among keys, bounded for each."""

from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Turns(Generic[Item]):
    """Items that wait, by key. Keys take turns; within a key the oldest comes first.

    A key has at most `at_once` items that are worked on and `most_waiting` that wait, so that
    what one of them sends is never in another's way.
    """

    def __init__(self, at_once: int, most_waiting: int) -> None:
        self._at_once = at_once
        self._most_waiting = most_waiting
        # In the order of turns: a key goes to the end once an item of it was taken.
        self._waiting: dict[str, deque[Item]] = {}
        self._busy: dict[str, int] = {}

    def enter(self, key: str, item: Item) -> bool:
        """Put `item` in the key's queue; False, and nothing is done, where that is full."""
        # One that will be taken at once does not wait, even if nobody has taken it yet.
        there = len(self._waiting.get(key, ())) + self._busy.get(key, 0)
        if there >= self._at_once + self._most_waiting:
            return False
        self._waiting.setdefault(key, deque()).append(item)
        return True

    def leave(self, key: str, item: Item) -> None:
        """Take an item out that waits no more; fine where it does not wait."""
        queue = self._waiting.get(key)
        if queue is not None and item in queue:
            queue.remove(item)
            self._drop_if_empty(key)

    def take(self) -> tuple[str, Item] | None:
        """The next item and its key, which is busy with it until `free`; None where none may go."""
        for key, queue in self._waiting.items():
            if self._busy.get(key, 0) < self._at_once:
                item = queue.popleft()
                self._busy[key] = self._busy.get(key, 0) + 1
                del self._waiting[key]
                if queue:
                    self._waiting[key] = queue
                return key, item
        return None

    def free(self, key: str) -> None:
        """An item of the key that was taken is done with."""
        left = self._busy[key] - 1
        if left:
            self._busy[key] = left
        else:
            del self._busy[key]

    def _drop_if_empty(self, key: str) -> None:
        if not self._waiting[key]:
            del self._waiting[key]
