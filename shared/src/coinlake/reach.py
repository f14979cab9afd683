"""Which of this process's Kafka clients get answers, since when one gets none, and whose fault it is."""

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Less is an election, a pause of the broker's, a long poll.
TOLD_AFTER_S = 20.0
# A client is healed within half a minute; one that is not has a fault of its own.
STUCK_AFTER_S = 120.0


class Reach:
    """What one client has heard. Read by the watchdog's thread too: plain values only."""

    def __init__(self, client: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.client = client
        self._clock = clock
        self._waiting = 0
        self._has_failed = False
        self._silent_since_s: float | None = None
        self._others_since_s: float | None = None

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Around each request: what it raises is no answer. A cancelled one tells nothing."""
        self._waiting += 1
        if self._silent_since_s is None:
            self._silent_since_s = self._clock()
        try:
            yield
        except asyncio.CancelledError:
            self._waiting -= 1
            if not (self._waiting or self._has_failed):
                self._silent_since_s = None
            raise
        except BaseException:
            self._waiting -= 1
            self._has_failed = True
            raise
        self._waiting -= 1
        self._has_failed = False
        self._silent_since_s = self._clock() if self._waiting else None
        self._others_since_s = None

    def others_are_answered(self, are: bool) -> None:
        """A new client was made beside this one: a broker answers it, or none does."""
        if not are or self._silent_since_s is None:
            self._others_since_s = None
        elif self._others_since_s is None:
            self._others_since_s = self._clock()

    @property
    def silent_s(self) -> float:
        """Seconds since a broker should have answered; 0.0 where nothing is asked."""
        since_s = self._silent_since_s
        return 0.0 if since_s is None else self._clock() - since_s

    @property
    def stuck_s(self) -> float:
        """Seconds for which others were answered and this one was not."""
        since_s = self._others_since_s
        return 0.0 if since_s is None else self._clock() - since_s


_REACHES: set[Reach] = set()


def watch(reach: Reach) -> None:
    """Count a client among the process's."""
    _REACHES.add(reach)


def forget(reach: Reach) -> None:
    """A client was closed."""
    _REACHES.discard(reach)


def silent_s() -> float:
    """For how long the client that has waited longest has waited; 0.0 where all are answered."""
    return max((one.silent_s for one in list(_REACHES)), default=0.0)


def silence() -> str | None:
    """Why Kafka is not fine: the client that has waited longest; None where all are answered."""
    # A copy is taken at once, whatever another thread does meanwhile.
    longest = max(list(_REACHES), key=lambda one: one.silent_s, default=None)
    if longest is None or longest.silent_s < TOLD_AFTER_S:
        return None
    return f"{longest.client}: no broker has answered for {longest.silent_s:.0f} s"


def stuck() -> str | None:
    """Why only a restart may help: a client that stays silent where a new one is answered."""
    for one in list(_REACHES):
        if one.stuck_s > STUCK_AFTER_S:
            return (
                f"{one.client}: no broker has answered for {one.silent_s:.0f} s, although "
                f"they have answered a new client for {one.stuck_s:.0f} s"
            )
    return None
