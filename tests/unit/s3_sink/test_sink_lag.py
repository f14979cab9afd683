"""How far raw is behind Kafka, and that it is known at once after a restart."""

import time
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry

from coinlake.contracts.headers import heartbeat_headers
from coinlake.contracts.raw_index import Record
from coinlake.errors import TransientError
from s3_sink.adapters.lags import Lags
from s3_sink.core.lag import Lag, lag_from, lag_of
from s3_sink.core.part import SealReason
from s3_sink.core.partition_state import PartitionState, Phase
from s3_sink.core.ports import Commit, LogRange, Partition
from s3_sink.core.status import partition_status
from s3_sink.metrics import SinkMetrics
from tests.unit.s3_sink.world import World

NOW_MS = 1_790_000_100_000


def _record(offset: int, age_s: int, value: bytes | None = b"v") -> Record:
    headers = () if value is not None else tuple(heartbeat_headers(NOW_MS, "me"))
    return Record(offset, NOW_MS - age_s * 1000, b"k", value, headers)


def test_the_oldest_value_that_is_held_tells_the_age(world: World) -> None:
    state = world.state(link=10)
    state.add([_record(10, 90, None), _record(11, 60), _record(12, 30)], 0.0)

    assert lag_of(state, 15, NOW_MS) == Lag(5, 60.0)

    state.seal(SealReason.AGE)
    assert lag_of(state, 15, NOW_MS) == Lag(5, 60.0)
    state.landed(12, None)
    assert lag_of(state, 15, NOW_MS) == Lag(3, 30.0)


def test_heartbeats_alone_are_no_delay(world: World) -> None:
    state = world.state(link=10)
    state.add([_record(10, 3000, None)], 0.0)

    assert lag_of(state, 11, NOW_MS) == Lag(1, 0.0)


def test_what_is_not_fetched_yet_is_not_older_than_what_is_stored(world: World) -> None:
    state = world.state(link=10)
    state.stored_to_ms = NOW_MS - 500_000

    assert lag_of(state, 10, NOW_MS) == Lag(0, 0.0)
    assert lag_of(state, 900, NOW_MS) == Lag(890, 500.0)


@pytest.mark.parametrize("log_end", [0, 9])
def test_an_end_that_is_older_than_the_chain_is_no_negative_lag(
    world: World, log_end: int
) -> None:
    assert lag_of(world.state(link=10), log_end, NOW_MS) == Lag(0, 0.0)


class _Told:
    """The gauges as a scrape shows them, and a Kafka that knows what it is told to."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.lags = Lags(SinkMetrics(self.registry), self)

        self.known_ends: dict[Partition, int] = {}
        self.commit: Commit | None = None

    async def ends(self, partitions: Any) -> dict[Any, int]:
        if any(one not in self.known_ends for one in partitions):
            raise TransientError("Kafka does not say")
        return {one: self.known_ends[one] for one in partitions}

    async def range(self, partition: Partition) -> LogRange:
        return LogRange(3, self.known_ends[partition])

    async def committed(self, partition: Partition) -> Commit | None:
        return self.commit

    async def topic_id(self, topic: str) -> UUID:
        return UUID(int=7)

    async def first_from(
        self, partition: Partition, offset: int, topic_id: UUID
    ) -> Record | None:
        return Record(offset, NOW_MS - 60_000, None, b"v")

    def value(self, name: str, state: PartitionState) -> float | None:
        one = state.partition
        labels = {"topic": one.topic, "partition": str(one.number)}
        return self.registry.get_sample_value(name, labels)


def test_the_gauges_tell_of_the_partitions_that_are_ours_and_of_no_other(world: World) -> None:
    told, state = _Told(), world.state(link=10)
    state.stored_to_ms = NOW_MS - 1000
    told.lags.tell({state.partition: state}, {state.partition: 14}, NOW_MS)

    assert told.value("s3_sink_lag_records", state) == 4
    assert told.value("s3_sink_log_end_offset", state) == 14
    assert told.value("s3_sink_lag_seconds", state) == 1.0
    assert told.value("s3_sink_stored_timestamp_seconds", state) == (NOW_MS - 1000) / 1000

    told.lags.tell({}, {state.partition: 14}, NOW_MS)
    assert told.value("s3_sink_lag_records", state) is None


@pytest.mark.parametrize(("commit", "lag"), [(None, 11), (Commit(9, ""), 5)])
async def test_while_the_chains_end_is_looked_for_the_lag_is_from_the_commit(
    world: World, commit: Commit | None, lag: int
) -> None:
    told, state = _Told(), world.state(link=10)
    state.phase = Phase.STARTING
    told.known_ends[state.partition] = 14
    told.commit = commit

    await told.lags.look(lambda: {state.partition: state})

    assert told.value("s3_sink_lag_records", state) == lag
    assert (told.value("s3_sink_lag_seconds", state) or 0) > 59


async def test_a_partition_that_comes_back_starts_from_the_commit_of_then(world: World) -> None:
    told, state = _Told(), world.state(link=10)
    told.known_ends[state.partition] = 14
    for phase, commit, lag in (
        (Phase.STARTING, Commit(4, ""), 10),
        (Phase.RUNNING, None, 4),
        (Phase.STARTING, Commit(12, ""), 2),
    ):
        state.phase, told.commit = phase, commit
        await told.lags.look(lambda: {state.partition: state})

        assert told.value("s3_sink_lag_records", state) == lag


async def test_the_age_of_what_waits_is_by_the_clock_of_now(world: World) -> None:
    told, state = _Told(), world.state(link=10)
    told.known_ends[state.partition] = 14
    state.stored_to_ms = time.time_ns() // 1_000_000 - 90_000

    await told.lags.look(lambda: {state.partition: state})

    assert 90 <= (told.value("s3_sink_lag_seconds", state) or 0) < 900


async def test_a_topic_that_cannot_be_asked_leaves_the_others_known(world: World) -> None:
    told, state, other = _Told(), world.state(link=10), world.state(link=1)
    other.partition = Partition("denied.v1", 0)
    told.known_ends[state.partition] = 14

    await told.lags.look(lambda: {state.partition: state, other.partition: other})

    assert told.value("s3_sink_lag_records", state) == 4
    assert told.value("s3_sink_lag_records", other) is None


def test_markers_of_transactions_at_the_end_are_no_lag(world: World) -> None:
    state = world.state(link=10)
    state.stored_to_ms = NOW_MS - 500_000
    state.read_to = 12

    assert lag_of(state, 12, NOW_MS) == Lag(0, 0.0)
    assert lag_of(state, 13, NOW_MS) == Lag(3, 500.0)


def test_what_is_not_behind_in_records_is_not_behind_in_time() -> None:
    assert lag_from(5, 5, NOW_MS - 90_000, NOW_MS) == Lag(0, 0.0)
    assert lag_from(4, 5, NOW_MS - 90_000, NOW_MS) == Lag(1, 90.0)


def test_the_status_tells_what_this_process_has_stored(world: World) -> None:
    told = partition_status(world.state(link=7), 7, {"objects": 2, "values": 30})
    untold = partition_status(world.state(), None, {})

    assert (told["objects"], told["values"], told["chain_end"]) == (2, 30, 7)
    assert (untold["objects"], untold["values"], untold["committed"]) == (0, 0, None)


def test_a_stopped_partition_falls_behind(world: World) -> None:
    told, state = _Told(), world.state(link=10)
    state.stored_to_ms = NOW_MS - 1000
    state.stop("a promise is broken")

    told.lags.tell({state.partition: state}, {state.partition: 14}, NOW_MS)

    assert told.value("s3_sink_lag_records", state) == 4
    assert told.value("s3_sink_lag_seconds", state) == 1.0
