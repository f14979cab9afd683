"""What a key has spent and when it was last used, as the bucket keeps it: the balance of all replicas."""

import json
from dataclasses import dataclass
from typing import Any

from query_api.core.budget import Balance, Bucket, Budget, balance, resized

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Spending:
    """The balance of a key, and the time of its last use in ms since the epoch; None if never."""

    balance: Balance
    last_used_ms: int | None = None

    def after(self, spent: int, last_used_ms: int | None, now_ms: int) -> "Spending":
        """With what one replica has spent and seen since it looked last."""
        times = [one for one in (self.last_used_ms, last_used_ms) if one is not None]
        return Spending(self.balance.at(now_ms).less(spent), max(times, default=None))

    def encode(self, name: str, write: str = "") -> bytes:
        """What the bucket keeps. `write` tells one write from all others, for whoever lost its answer."""
        told = {
            bucket: {"capacity": one.capacity, "level": int(one.level), "at_ms": one.at_ms}
            for bucket, one in self.balance.buckets
        }
        about = {"version": _VERSION, "name": name, "last_used_ms": self.last_used_ms}
        return json.dumps({**about, "write": write, **told}, sort_keys=True).encode()


def unspent(budget: Budget, now_ms: int) -> Spending:
    """A key that was never used."""
    return Spending(balance(budget, now_ms))


def parse_spending(body: bytes, budget: Budget, now_ms: int) -> Spending:
    """Read it back, under the budget of now. Raises ValueError for what is none.

    A time that is ahead of `now_ms` was written by a faster clock: it is taken for now, so that it
    stops no refill for long.
    """
    try:
        raw: dict[str, Any] = json.loads(body)
        if raw["version"] != _VERSION:
            raise ValueError("a version that is not known")
        fresh = balance(budget, now_ms)
        known = Balance(
            *(
                _bucket(one, raw[name], now_ms)
                for name, one in (("day", fresh.day), ("minute", fresh.minute))
            )
        )
        used = raw["last_used_ms"]
        return Spending(resized(known, budget), None if used is None else int(used))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"not the spending of a key: {type(error).__name__}") from None


def _bucket(fresh: Bucket, said: dict[str, Any], now_ms: int) -> Bucket:
    return Bucket(
        int(said["capacity"]),
        fresh.window_s,
        float(said["level"]),
        min(int(said["at_ms"]), now_ms),
    )
