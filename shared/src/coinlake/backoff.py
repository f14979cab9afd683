"""How long to wait before the next try: exponential, capped, with full jitter."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Full jitter: a uniform draw between 0 and min(cap_s, base_s * 2 ** attempt) seconds."""

    base_s: float = 0.2
    cap_s: float = 30.0

    def delay_s(self, attempt: int, rng: random.Random) -> float:
        """The wait in seconds after failure number `attempt` (from 0)."""
        # 2 ** attempt overflows a float after a day of failures; the cap was reached long before.
        ceiling = min(self.cap_s, self.base_s * 2.0 ** min(attempt, 32))
        return rng.uniform(0, ceiling)
