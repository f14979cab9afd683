"""How far raw is behind Kafka: in records, and in time."""

from dataclasses import dataclass

from s3_sink.core.lane import Lane


@dataclass(frozen=True, slots=True)
class Lag:
    """`records` that Kafka has and raw has not, heartbeats too; `seconds` the oldest value waits."""

    records: int
    seconds: float


def lag_of(lane: Lane, log_end: int, now_ms: int) -> Lag:
    """The lag of one partition whose log ends at `log_end`. Heartbeats alone are no delay."""
    records = max(0, log_end - lane.link)
    waiting_ms = lane.oldest_value_ms
    if waiting_ms is None and lane.fetched_to < log_end:
        # Nothing of it is here, so nobody knows how old it is: not older than what is stored.
        waiting_ms = lane.stored_to_ms
    seconds = 0.0 if waiting_ms is None else max(0, now_ms - waiting_ms) / 1000
    return Lag(records, seconds if records else 0.0)
