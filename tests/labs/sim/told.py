"""What a sink says of itself, against what is held and what is stored: looked at again and again."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping

from coinlake.contracts.headers import Header
from coinlake.contracts.raw_columns import Columns
from s3_sink.core import lag, status
from s3_sink.core.part import RECORD_OVERHEAD_BYTES
from s3_sink.core.partition_state import PartitionState, Phase
from s3_sink.core.ports import Partition
from tests.labs.sim.broker import Broker
from tests.labs.sim.oracle import Oracle

# What the sink's own estimate adds for each header (`core/part.py`).
_HEADER_BYTES = 100
# Of what is sent, and of keys and headers while they are packed (`core/partition_state.py`).
_COPIES = 2
# Ages are looked at twice a second by the sink, and once a second here.
_TICKS_S = 1.6


class Told:
    """Holds accounts and claims of sinks against the truth."""

    def __init__(self, oracle: Oracle, broker: Broker) -> None:
        self._oracle = oracle
        self._broker = broker
        self._first_seen_s: dict[tuple[str, Partition], dict[int, float]] = {}

    def look_at_ages(
        self,
        name: str,
        states: Mapping[Partition, PartitionState],
        awake_since_s: float,
        now_s: float,
    ) -> None:
        """No value waits in an open part for longer than it may."""
        for partition, state in states.items():
            seen = self._first_seen_s.get((name, partition), {})
            offsets = [one.offset for part in state._open.pieces for one in part if one.value]
            kept = {offset: seen.get(offset, now_s) for offset in offsets}
            self._first_seen_s[name, partition] = kept
            oldest_s = max(min(kept.values(), default=now_s), awake_since_s)
            limit_s = state._limits.max_age_s + _TICKS_S
            if state.phase is Phase.RUNNING and now_s > oldest_s + limit_s:
                waits_s = now_s - oldest_s
                self._oracle.blame("age", f"{name} {partition}: one waits {waits_s:.1f} s")

    def look(
        self,
        name: str,
        states: Mapping[Partition, PartitionState],
        committed: Mapping[Partition, int | None],
        now_ms: int,
    ) -> None:
        """One look at one sink."""
        for partition, state in states.items():
            self._account(name, partition, state)
            if state.epoch and state.epoch not in self._oracle.lost_epochs:
                self._claims(name, partition, state, committed.get(partition))
                if state.phase is Phase.RUNNING:
                    self._lag(name, partition, state, now_ms)

    def _account(self, name: str, partition: Partition, state: PartitionState) -> None:
        """The memory that it says it holds is that of its records, and of the object on its way."""
        parts = state.sealed_parts
        sealed = [_weight(part.records) for part in parts]
        said = [part.weight for part in parts]
        opened = sum(map(_weight, state._open.pieces))
        sending = state.weight - sum(sealed) - opened - _COPIES * _beside(state)
        is_empty = not parts and not state.open_records
        packed = _COPIES * state.in_flight_bytes
        is_odd = sending != packed if packed or is_empty else sending < 0
        if said != sealed or is_odd:
            self._oracle.blame(
                "account",
                f"{name} {partition} says {state.weight} bytes, holds {sealed} and {opened} open",
            )
        if state.in_flight_bytes and not parts:
            self._oracle.blame("account", f"{name} {partition} has nothing to be in flight")
        if state.phase is Phase.STOPPED and (state.weight or not is_empty):
            self._oracle.blame(
                "account", f"{name} {partition} stopped with {state.weight} bytes"
            )

    def _claims(
        self, name: str, partition: Partition, state: PartitionState, committed: int | None
    ) -> None:
        """Chain's end, watermark, newest record and commit: never more than there is."""
        oracle, told = self._oracle, status.partition_status(state, committed, {})
        chain = oracle.chain_of(state.epoch, partition.number)
        if told["chain_end"] > chain.end:
            oracle.blame(
                "told", f"{name} {partition} says {told['chain_end']}, not {chain.end}"
            )
        complete_ms = told["complete_to_ms"]
        if complete_ms is not None and complete_ms > (chain.promised_ms or -1):
            oracle.blame("told", f"{name} {partition} says complete to {complete_ms}")
        newest_ms = chain.newest_ms
        if state.stored_to_ms is not None and state.stored_to_ms > (newest_ms or -1):
            oracle.blame("told", f"{name} {partition} says stored to {state.stored_to_ms}")
        if committed is not None and committed not in oracle.committed_once[partition]:
            oracle.blame("told", f"{name} {partition} says that {committed} is committed")

    def _lag(self, name: str, partition: Partition, state: PartitionState, now_ms: int) -> None:
        """It is never behind by less than what is not stored."""
        log, oracle = self._broker.logs[partition], self._oracle
        chain = oracle.chain_of(state.epoch, partition.number)
        if chain.life != log.life or log.is_truncated or not self._broker.is_there:
            return
        told = lag.lag_of(state, log.end, now_ms)
        waiting = log.from_offset(chain.end, len(log.records))
        if told.records < len(waiting):
            oracle.blame("told", f"{name} {partition} says {told}, {len(waiting)} wait")
        # What has expired meanwhile may still be held.
        sent = log.records[bisect_left(log.records, chain.end, key=lambda one: one.offset) :]
        first = next((one for one in sent if one.value is not None), None)
        if first is not None and state.link == chain.end and first.offset < state.fetched_to:
            waits_s = max(0, now_ms - first.timestamp_ms) / 1000
            if told.seconds < waits_s:
                oracle.blame("told", f"{name} {partition} says {told}, one waits {waits_s} s")


def _beside(state: PartitionState) -> int:
    """Bytes of keys and headers of what is written next."""
    parts = state.sealed_parts
    pieces = [parts[0].records] if parts else list(state._open.pieces)
    return sum(
        len(one.key or b"") + sum(len(name) + len(value or b"") for name, value in one.headers)
        for records in pieces
        for one in records
    )


def _weight(records: Columns) -> int:
    """What these records take, counted one by one."""
    return sum(
        RECORD_OVERHEAD_BYTES
        + len(one.value or b"")
        + len(one.key or b"")
        + _header_bytes(one.headers)
        for one in records
    )


def _header_bytes(headers: Iterable[Header]) -> int:
    return sum(_HEADER_BYTES + len(name) + len(value or b"") for name, value in headers)
