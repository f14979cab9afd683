"""What happens in a run, drawn from its seed: the load, the faults and their times."""

import random
from dataclasses import dataclass

from coinlake.batch_records import header_name
from coinlake.contracts.headers import heartbeat_headers
from coinlake.contracts.raw_index import Record
from s3_sink.core.part import PartLimits
from tests.labs.events import Event
from tests.labs.sim.sink import BEGIN_MS, WALL_MS_PER_S
from tests.labs.sim.wire import Weather

CHAOS_S = 30.0
_HOUR_MS = 3_600_000
# Producers are late by minutes: within a part timestamps go back as well as on.
_LATE_MS = 600_000


# What can happen, and how often beside each other.
_EVENTS = {
    "freeze": 5,
    "kill": 4,
    "stop": 3,
    "add": 3,
    "store_down": 2,
    "store_slow": 3,
    "kafka_down": 2,
    "trim": 2,
    "deny": 2,
    "stop_when": 2,
}
# These end in a refusal, as they must; a run has one of them at most.
DISASTERS = (
    "expire",
    "recreate",
    "recreate_when",
    "empty",
    "wrong_commit",
    "early_commit",
    "truncate",
    "restore",
    "expire_raw",
    "first_sight",
)


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run; the weathers are those at its begin."""

    partitions: int
    sinks: int
    events: tuple[Event, ...]
    store_weather: Weather
    kafka_weather: Weather
    has_holes: bool


def drawn_by(seed: int) -> Scenario:
    """The run of a seed."""
    return scenario(random.Random(f"plan-{seed}"))


def scenario(rng: random.Random) -> Scenario:
    """Draw a run."""
    calm = rng.random() < 0.1
    events = [] if calm else [_event(rng) for _ in range(rng.randint(1, 7))]
    partitions, sinks = rng.choice((1, 1, 2)), rng.choice((1, 2, 2, 3))
    if rng.random() < 0.5:
        disaster = rng.choice(DISASTERS)
        at_s = rng.uniform(2, CHAOS_S)
        if disaster == "first_sight":
            # It needs two that look, and nobody has looked before.
            at_s, partitions, sinks = 0.0, 2, 2
        events.append(Event(at_s, disaster, rng.random()))
        if rng.random() < 0.7:
            # Somebody must look again while it hurts.
            events.append(
                Event(
                    at_s + rng.uniform(0.1, 5),
                    rng.choice(("stop", "kill", "add", "stop_when")),
                    rng.random(),
                )
            )
    return Scenario(
        partitions=partitions,
        sinks=sinks,
        events=tuple(sorted(events, key=lambda event: event.at_s)),
        store_weather=Weather(
            refused=rng.choice((0.0, 0.1, 0.3)),
            lost=rng.choice((0.0, 0.15, 0.3)),
            late=rng.choice((0.0, 0.1, 0.2)),
            resent=rng.choice((0.0, 0.05)),
            conflicts=rng.choice((0.0, 0.1)),
            slow_s=rng.choice((0.0, 0.3, 3.0)),
        ),
        kafka_weather=Weather(
            refused=rng.choice((0.0, 0.02, 0.1)), lost=rng.choice((0.0, 0.1))
        ),
        has_holes=rng.random() < 0.1,
    )


def limits(rng: random.Random) -> PartLimits:
    """When one sink cuts: no two need to have the same settings."""
    return PartLimits(10**9, rng.choice((120, 10**9)), rng.randint(2, 12), rng.uniform(0.3, 4))


def _event(rng: random.Random) -> Event:
    (what,) = rng.choices(list(_EVENTS), list(_EVENTS.values()))
    return Event(rng.uniform(0.5, CHAOS_S), what, rng.random())


def record(rng: random.Random, life: int, offset: int, at_s: float) -> Record:
    """What a producer sends: mostly answers of now, some late, odd, empty, or heartbeats."""
    now_ms = BEGIN_MS + int(at_s * WALL_MS_PER_S)
    luck = rng.random()
    if luck < 0.1:
        headers = tuple(heartbeat_headers(now_ms, "one"))
        return Record(offset, now_ms, None, None, headers)
    headers = ((header_name(b"\xff\x00name"), b"v"),) if 0.14 <= luck < 0.17 else ()
    if luck < 0.14:
        now_ms = rng.choice((-1, 0, now_ms - _HOUR_MS, 2**62))
    elif luck < 0.3:
        now_ms -= rng.randint(0, _LATE_MS)
    value = b"" if luck > 0.98 else b'{"life":%d,"n":%d}' % (life, offset)
    # Even an empty value must tell its life, or two topics could not be told apart.
    return Record(offset, now_ms, b"%d" % life, value, headers)
