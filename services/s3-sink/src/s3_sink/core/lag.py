"""How far raw is behind Kafka: in records, and in time."""

from dataclasses import dataclass

from s3_sink.core.partition_state import PartitionState


@dataclass(frozen=True, slots=True)
class Lag:
    """`records` that Kafka has and raw has not, heartbeats too; `seconds` the oldest value waits."""

    records: int
    seconds: float


def lag_of(state: PartitionState, log_end: int, now_ms: int) -> Lag:
    """The lag of one partition whose log ends at `log_end`. Heartbeats alone are no delay."""
    if state.fetched_to == state.link and state.read_to >= log_end:
        # All was read and nothing is held: what is left are markers of transactions.
        return Lag(0, 0.0)
    waiting_ms = state.oldest_value_ms
    if waiting_ms is None and state.fetched_to < log_end and state.read_to < log_end:
        # Nothing of it is here, so nobody knows how old it is: not older than what is stored.
        waiting_ms = state.stored_to_ms
    return _lag(log_end - state.link, waiting_ms, now_ms)


def lag_from(base: int, log_end: int, oldest_ms: int | None, now_ms: int) -> Lag:
    """The lag of a partition whose chain's end is still looked for: from what is committed.

    `oldest_ms` is the timestamp of the first record behind it, None where that is not known.
    """
    return _lag(log_end - base, oldest_ms, now_ms)


def _lag(records: int, waiting_ms: int | None, now_ms: int) -> Lag:
    seconds = 0.0 if waiting_ms is None else max(0, now_ms - waiting_ms) / 1000
    return Lag(max(0, records), seconds if records > 0 else 0.0)
