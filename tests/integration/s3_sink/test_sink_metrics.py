"""What a real scrape of a real sink says: lag, what is held, why objects were cut, what failed."""

import time
from collections.abc import Callable

import pytest

from coinlake.contracts.raw_index import Record
from tests.labs.cluster.lab import Lab
from tests.labs.cluster.process import SinkProcess

_MB = 1_000_000
BUDGET = 48 * _MB


async def test_lag_in_records_and_time_is_told_and_is_there_again_after_a_kill(
    lab: Lab,
) -> None:
    await lab.create()
    await lab.numbers(0, 10)
    sink = lab.sink()
    await sink.until(lambda: sink.partition(f"{lab.topic}-0").get("committed") == 10)
    await sink.until(lambda: sink.metric("s3_sink_stored_timestamp_seconds") > 0)
    stored_s = sink.metric("s3_sink_stored_timestamp_seconds")
    lab.faults.status = 503
    await lab.numbers(10, 7)
    await sink.until(lambda: sink.metric("s3_sink_lag_records") == 7)
    waited_s = time.time() - sink.metric("s3_sink_lag_seconds")
    sink.process.kill()

    heir = lab.sink(S3_SINK_GROUP__ID=f"{lab.name}-heir")
    await heir.until(lambda: heir.metric("s3_sink_lag_records") == 7)
    # Nothing was stored by this process, and Kafka's group is a new one: the bucket tells.
    assert heir.metric("s3_sink_objects_written_total") == 0
    assert heir.metric("s3_sink_stored_timestamp_seconds") == stored_s
    assert heir.metric("s3_sink_chain_end_offset") == 10
    await heir.until(lambda: heir.metric("s3_sink_retries_total") > 0)
    assert heir.metric("s3_sink_in_flight_bytes") > 0
    lab.faults.status = None
    await heir.until(lambda: heir.metric("s3_sink_log_end_offset") == 17)
    await heir.until(lambda: heir.metric("s3_sink_lag_records") == 0)
    await heir.until(lambda: heir.metric("s3_sink_commit_seconds_count") > 0)

    # The age is that of the records' own time: 10 s from one to the next.
    assert abs(waited_s - (stored_s + 10)) < 60
    assert heir.metric("s3_sink_lag_seconds") == 0
    assert heir.metric("s3_sink_object_bytes_count") == 1
    assert heir.metric("s3_sink_flushes_total") == 1
    assert heir.metric("s3_sink_held_bytes") == 0


def _cut(sink: SinkProcess, reason: str) -> float:
    """How many objects were cut for a reason, as a scrape says."""
    return sink.metric(rf's3_sink_flushes_total\{{reason="{reason}"\}}')


async def test_objects_are_counted_by_why_they_were_cut(lab: Lab) -> None:
    noon = 1_790_000_000_000 // 3_600_000 * 3_600_000
    await lab.create(partitions=2)
    sink = lab.sink(
        S3_SINK_OBJECT__MAX_RECORDS="5",
        S3_SINK_OBJECT__MAX_RAW_BYTES="9000",
        S3_SINK_OBJECT__MAX_AGE_S="3",
    )
    sent = [Record(0, noon, None, b"x") for _ in range(5)]
    sent += [Record(0, noon + 3_600_000, None, b"y" * size) for size in (1, 9500, 1)]
    await lab.produce(sent[:5])
    await sink.until(lambda: _cut(sink, "records") == 1)
    await lab.produce([sent[0], *sent[5:]])
    await sink.until(lambda: sink.partition(f"{lab.topic}-0").get("chain_end") == 9)

    # One of noon, one of the hour after, the big one by itself, and what then was left.
    told = {one: _cut(sink, one) for one in ("records", "hour", "bytes", "age", "pressure")}
    assert told == {"records": 1, "hour": 1, "bytes": 2, "age": 1, "pressure": 0}
    assert sink.end() == 0


@pytest.mark.full_size
async def test_what_is_cut_by_a_revoke_and_a_shutdown_is_counted_too(lab: Lab) -> None:
    patient = {"S3_SINK_OBJECT__MAX_AGE_S": "600"}
    await lab.create(partitions=2)
    await lab.numbers(0, 3, 0)
    await lab.numbers(0, 3, 1)
    first = lab.sink(**patient)
    await first.until(
        lambda: [p["open_records"] for p in first.status()["partitions"].values()] == [3, 3]
    )
    second = lab.sink(**patient)
    await second.until(lambda: len(second.status()["partitions"]) == 1)
    assert _cut(first, "revoke") == 2
    await lab.numbers(3, 1, 0)
    await lab.numbers(3, 1, 1)
    await first.until(
        lambda: [p["open_records"] for p in first.status()["partitions"].values()] == [1]
    )

    assert first.end() == 0

    assert '"reason": "shutdown"' in first.log.read_text()


@pytest.mark.full_size
async def test_a_big_backlog_behind_a_store_that_refuses_stays_within_the_budget(
    lab: Lab, measured: Callable[[str], None]
) -> None:
    big = b"x" * 49_000
    backlog = [Record(0, 1_790_000_000_000, None, b"%06d" % n + big) for n in range(3000)]
    await lab.create()
    sink = lab.sink(S3_SINK_BUDGET_BYTES=str(BUDGET))
    name = f"{lab.topic}-0"
    await sink.until(lambda: sink.partition(name).get("state") == "running")
    base = sink.memory_bytes("VmRSS")
    lab.faults.status = 503
    await lab.produce(backlog)
    await sink.until(lambda: sink.metric("s3_sink_is_paused") == 1)
    held = sink.metric("s3_sink_held_bytes")
    lab.faults.status = None

    await sink.until(lambda: sink.partition(name).get("chain_end") == len(backlog))

    peak = sink.memory_bytes("VmHWM")
    measured(
        f"sink's memory: base {base / _MB:.0f} MB, budget {BUDGET / _MB:.0f} MB, "
        f"peak {peak / _MB:.0f} MB with a backlog of 147 MB"
    )
    assert 0 < held <= BUDGET
    assert base + BUDGET / 4 < peak <= base + BUDGET
    assert sink.end() == 0
    assert lab.ends() == {0: len(backlog)}
