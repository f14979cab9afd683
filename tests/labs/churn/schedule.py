"""What happens to the sinks and when: drawn from a seed, known before the run begins."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

FIRST = ("one", "two", "three")
"""The sinks that are there from the beginning; any of them may be away for a while."""
EXTRA = ("four", "five")
"""Those that are added and removed."""


class Deed(StrEnum):
    """What can be done to a sink."""

    KILL = "kill"  # SIGKILL, started again after a while
    STOP = "stop"  # SIGTERM, started again after a while
    BLINK = "blink"  # SIGSTOP, SIGCONT before the group gives up on it
    FREEZE = "freeze"  # SIGSTOP, SIGCONT when others have had its partitions for long
    ADD = "add"
    REMOVE = "remove"  # SIGTERM, for good


@dataclass(frozen=True, slots=True)
class Action:
    """One deed. Times in seconds; `hold_s` until the sink runs again."""

    at_s: float
    deed: Deed
    sink: str
    hold_s: float = 0.0

    def __str__(self) -> str:
        held = f" for {self.hold_s:.1f} s" if self.hold_s else ""
        return f"{self.at_s:6.1f} s  {self.deed:<6} {self.sink}{held}"


def schedule(seed: int, seconds: float, session_s: float) -> tuple[Action, ...]:
    """The actions of a run; the same for the same arguments. All sinks are back at its end.

    Deeds are dealt like cards: each kind comes once before any comes again.
    """
    rng = random.Random(seed)
    free_at = dict.fromkeys(FIRST, 0.0)
    actions: list[Action] = []
    at_s = 0.0
    for deed in _dealt(rng):
        at_s += rng.uniform(0.8, 3.2)
        if at_s >= seconds:
            return tuple(actions)
        action = _drawn(rng, deed, at_s, free_at, session_s)
        if action is None or at_s + action.hold_s > seconds:
            continue
        if deed is Deed.FREEZE and (not actions or rng.random() < 0.5):
            # In quiet: a group that others disturb as well gives the partitions to no heir.
            at_s += action.hold_s
        actions.append(action)
        if deed is Deed.REMOVE:
            del free_at[action.sink]
        else:
            free_at[action.sink] = action.at_s + action.hold_s
    raise AssertionError("the cards never end")


def _dealt(rng: random.Random) -> Iterator[Deed]:
    # First those without which a short run would be none: a sink that outlives its own death.
    yield from (Deed.FREEZE, Deed.KILL, Deed.ADD)
    while True:
        cards = list(Deed)
        rng.shuffle(cards)
        yield from cards


def _drawn(
    rng: random.Random, deed: Deed, at_s: float, free_at: dict[str, float], session_s: float
) -> Action | None:
    free = [name for name, since_s in free_at.items() if since_s <= at_s]
    if deed is Deed.ADD:
        free = [name for name in EXTRA if name not in free_at]
    elif deed is Deed.REMOVE:
        free = [name for name in free if name in EXTRA]
    if not free:
        return None
    return Action(at_s, deed, rng.choice(free), _hold_s(rng, deed, session_s))


def _hold_s(rng: random.Random, deed: Deed, session_s: float) -> float:
    match deed:
        case Deed.FREEZE:
            # The heirs need some seconds to join, to find the chain's end and to store.
            return session_s + rng.uniform(4.0, 9.0)
        case Deed.BLINK:
            return rng.uniform(0.2, session_s * 0.6)
        case Deed.KILL | Deed.STOP:
            return rng.uniform(0.0, 3.0)
        case Deed.ADD | Deed.REMOVE:
            return 0.0
