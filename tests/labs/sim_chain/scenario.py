"""What happens in a run of the chain, drawn from its seed."""

import random
from dataclasses import dataclass

from ingestor.core.credits import CreditLimits
from tests.labs.events import Event
from tests.labs.sim.wire import Weather
from tests.labs.sim_chain.ingestor import IngestorTerms
from tests.labs.sim_chain.upstream import Mood

CHAOS_S = 45.0
# In the middle of a month, and one whose end is the end of an hour, of a day and of a month.
NOON_MS = 1_795_262_400_000  # 2026-11-21T12:00:00Z
MONTHS_END_MS = 1_796_083_200_000  # 2026-12-01T00:00:00Z
NO_LIMIT = 10**9

# What can happen, and how often beside each other.
EVENTS = {
    "kill_ingestor": 6,
    "kill_in_write": 4,
    "power_cut": 4,
    "stop_ingestor": 3,
    "freeze_ingestor": 4,
    "disk_full": 3,
    "disk_slow": 2,
    "clock_jump": 4,
    "clock_wild": 2,
    "api_down": 2,
    "api_silent": 2,
    "api_limits": 2,
    "api_errors": 2,
    "api_odd": 2,
    "key_refused": 2,
    "kafka_down": 5,
    "kill_sink": 4,
    "freeze_sink": 3,
    "stop_sink": 2,
    "add_sink": 3,
    "kill_runner": 4,
    "freeze_runner": 2,
    "stop_runner": 1,
    "add_runner": 2,
    "store_down": 3,
    "store_slow": 2,
    "glue_away": 2,
    "job_broken": 2,
    "stuck": 2,
    "odd_ends": 2,
}


@dataclass(frozen=True, slots=True)
class Scenario:
    """One run. The hour changes `turns_at_s` after the begin; `partitions` are those of markets."""

    begin_ms: int
    turns_at_s: float
    terms: IngestorTerms
    partitions: int
    sinks: int
    runners: int
    events: tuple[Event, ...]
    mood: Mood
    kafka_weather: Weather
    store_weather: Weather
    glue_weather: Weather
    lost_hints: float
    has_tables: bool

    @property
    def is_stretched(self) -> bool:
        """Whether the month's credits may not be enough for the wished intervals."""
        return self.terms.limits.per_month < NO_LIMIT


def drawn_by(seed: int) -> Scenario:
    """The run of a seed."""
    return scenario(random.Random(f"chain-plan-{seed}"))


def scenario(rng: random.Random) -> Scenario:
    """Draw a run."""
    count = 0 if rng.random() < 0.05 else rng.randint(1, 6)
    names = rng.choices(list(EVENTS), list(EVENTS.values()), k=count)
    # A clock beyond Kafka's hour, while nobody knows which heartbeats Kafka has, stops the journal until
    # they may have been heard: Kafka answers everything then, and nothing tells the time.
    is_wild = "clock_wild" in names
    names = [name for name in names if not (is_wild and name == "kafka_down")]
    events = [Event(rng.uniform(1, CHAOS_S), name, rng.random()) for name in names]
    budget = rng.choice(("none",) * 7 + ("total", "total", "month"))
    turns_at_s = rng.uniform(12, 36)
    turn_ms = MONTHS_END_MS if budget == "month" or rng.random() < 0.1 else NOON_MS
    return Scenario(
        begin_ms=turn_ms - int(turns_at_s * 1000),
        turns_at_s=turns_at_s,
        terms=IngestorTerms(
            market_pages=rng.choice((1, 1, 2)),
            rates_ms=rng.choice((6_000, 9_000)),
            markets_ms=rng.choice((5_000, 8_000)),
            limits=_limits(rng, budget),
            max_journal_bytes=rng.choice((NO_LIMIT, NO_LIMIT, 12_000)),
        ),
        partitions=rng.choice((1, 2)),
        sinks=rng.choice((1, 1, 2)),
        runners=rng.choice((1, 1, 1, 2)),
        events=tuple(sorted(events, key=lambda event: event.at_s)),
        mood=Mood(
            silent=rng.choice((0.0, 0.05)),
            broken=rng.choice((0.0, 0.08)),
            limited=rng.choice((0.0, 0.0, 0.05)),
            errors=rng.choice((0.0, 0.08)),
            odd=rng.choice((0.0, 0.08)),
            repeats=rng.choice((0.0, 0.1)),
            has_dates=rng.random() < 0.8 and not is_wild,
        ),
        kafka_weather=Weather()
        if is_wild
        else Weather(
            refused=rng.choice((0.0, 0.03)),
            lost=rng.choice((0.0, 0.08)),
            late=rng.choice((0.0, 0.05)),
            late_s=6.0,
        ),
        store_weather=Weather(
            refused=rng.choice((0.0, 0.02, 0.1)),
            lost=rng.choice((0.0, 0.05, 0.15)),
            late=rng.choice((0.0, 0.05)),
            late_s=6.0,
            resent=rng.choice((0.0, 0.03)),
            conflicts=rng.choice((0.0, 0.05)),
        ),
        glue_weather=Weather(refused=rng.choice((0.0, 0.05)), lost=rng.choice((0.0, 0.1))),
        lost_hints=rng.choice((0.0, 0.3, 1.0)),
        has_tables=rng.random() < 0.8,
    )


def _limits(rng: random.Random, budget: str) -> CreditLimits:
    """A limit that is met within the run: the plan's month is stretched over its last minute."""
    if budget == "total":
        return CreditLimits(NO_LIMIT, rng.randint(14, 30))
    if budget == "month":
        return CreditLimits(rng.randint(16, 40), None)
    return CreditLimits(NO_LIMIT, None)
