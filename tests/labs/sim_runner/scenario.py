"""What happens in a run, drawn from its seed."""

import random
from dataclasses import dataclass

from tests.labs.events import Event
from tests.labs.sim.wire import Weather

CHAOS_S = 120.0

# What can happen, and how often beside each other.
EVENTS = {
    "kill": 6,
    "freeze": 4,
    "add": 3,
    "stop": 2,
    "store_down": 2,
    "store_slow": 2,
    "glue_away": 2,
    "job_broken": 3,
    "poison": 4,
    "miscount": 3,
    "stuck": 2,
    "odd_ends": 3,
    "forget_runs": 1,
    "crawls_fail": 2,
    "hide_table": 2,
    "catalog_away": 2,
    "drop_partition": 3,
    "drop_table": 2,
    "remove_raw": 4,
    "remove_all_raw": 2,
    "break_ledger": 3,
    "remove_ledger_head": 2,
    "write_over_published": 3,
    "remove_published": 3,
    "remove_staged": 3,
    "change_staged": 3,
    "break_record": 2,
    "promise_ahead": 3,
    "odd_hint": 2,
    "command": 3,
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run. `keeps_poison` and `keeps_graffiti`: hours that fail, and ledger entries that somebody
    wrote over, stay so while everything else heals, and must stop nothing else.
    """

    runners: int
    partitions: int
    events: tuple[Event, ...]
    store_weather: Weather
    glue_weather: Weather
    keeps_poison: bool
    keeps_graffiti: bool
    lost_hints: float


def scenario(rng: random.Random) -> Scenario:
    """Draw a run."""
    count = 0 if rng.random() < 0.05 else rng.randint(2, 12)
    names = rng.choices(list(EVENTS), list(EVENTS.values()), k=count)
    events = [Event(rng.uniform(1, CHAOS_S), name, rng.random()) for name in names]
    return Scenario(
        runners=rng.choice((1, 1, 1, 2)),
        partitions=rng.choice((1, 1, 2)),
        events=tuple(sorted(events, key=lambda event: event.at_s)),
        store_weather=Weather(
            refused=rng.choice((0.0, 0.02, 0.08)),
            lost=rng.choice((0.0, 0.03, 0.1)),
            late=rng.choice((0.0, 0.02)),
            resent=rng.choice((0.0, 0.03)),
        ),
        glue_weather=Weather(refused=rng.choice((0.0, 0.05)), lost=rng.choice((0.0, 0.1))),
        keeps_poison=rng.random() < 0.5,
        lost_hints=rng.choice((0.0, 0.3, 1.0)),
        keeps_graffiti=rng.random() < 0.5,
    )
