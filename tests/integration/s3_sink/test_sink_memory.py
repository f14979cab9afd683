"""One budget holds all that is fetched, unpacked, held and sent, whatever the records are made of."""

from collections.abc import Callable

import pytest

from coinlake.contracts.raw_columns import Record
from tests.kafka_batches import batch
from tests.labs.cluster.lab import Lab
from tests.labs.cluster.proof import coinlake

_MB = 1024 * 1024
BUDGET = 48 * _MB
NOON_MS = 1_790_000_000_000 // 3_600_000 * 3_600_000


def _one_giant() -> list[tuple[list[Record], int]]:
    return [([Record(0, NOON_MS, None, bytes(200 * _MB))], 1)]


def _many_in_one_batch() -> list[tuple[list[Record], int]]:
    return [([Record(n, NOON_MS + n, None, bytes(_MB)) for n in range(450)], 1)]


def _zstd() -> list[tuple[list[Record], int]]:
    return [([Record(n, NOON_MS + n, None, bytes(_MB)) for n in range(200)], 4)]


def _in_headers() -> list[tuple[list[Record], int]]:
    value = bytes(100_000)
    return [
        ([Record(n, NOON_MS, None, b"v", (("h", value),)) for n in range(100)], 1)
        for _ in range(30)
    ]


def _in_keys() -> list[tuple[list[Record], int]]:
    return [
        ([Record(n, NOON_MS, bytes(100_000), b"v") for n in range(100)], 3) for _ in range(30)
    ]


@pytest.mark.full_size(but="headers")
@pytest.mark.parametrize(
    ("made", "one_record"),
    [
        (_one_giant, 200 * _MB),
        (_many_in_one_batch, _MB),
        (_zstd, _MB),
        (_in_headers, 100_000),
        (_in_keys, 100_000),
    ],
    ids=["one record of 200 MB", "450 MB in a batch", "200 MB of zstd", "headers", "keys"],
)
async def test_memory_stays_within_the_budget_and_one_record(
    lab: Lab,
    measured: Callable[[str], None],
    made: Callable[[], list[tuple[list[Record], int]]],
    one_record: int,
) -> None:
    await lab.create(max_message_bytes=str(8 * _MB))
    sink = lab.sink(
        S3_SINK_BUDGET_BYTES=str(BUDGET),
        S3_SINK_OBJECT__MAX_RAW_BYTES=str(4 * _MB),
        S3_SINK_OBJECT__MAX_AGE_S="5",
    )
    name = f"{lab.topic}-0"
    await sink.until(lambda: sink.partition(name).get("state") == "running")
    base = sink.memory_bytes("VmRSS")
    count, wire = 0, 0
    for records, codec in made():
        data = batch(records, codec_number=codec)
        count, wire = count + len(records), wire + len(data)
        await lab.produce_batch(lab.topic, data)

    await sink.until(lambda: sink.partition(name).get("committed") == count, 240)

    peak = sink.memory_bytes("VmHWM")
    measured(
        f"sink's memory, {made.__name__}: base {base / _MB:.0f} MB, budget {BUDGET / _MB:.0f} MB, "
        f"{wire / _MB:.1f} MB on the wire, a record of {one_record / _MB:.1f} MB, "
        f"peak {peak / _MB:.0f} MB"
    )
    assert peak <= base + BUDGET + one_record
    assert sink.end() == 0
    heir = lab.sink(S3_SINK_BUDGET_BYTES=str(BUDGET))
    await heir.until(lambda: heir.partition(name).get("state") == "running", 120)
    assert heir.memory_bytes("VmHWM") <= base + BUDGET + one_record
    assert heir.end() == 0
    if one_record <= _MB:
        audit = await coinlake(lab, "audit", "--topic", lab.topic)
        assert audit.code == 0, audit.text
