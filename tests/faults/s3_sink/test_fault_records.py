"""Records that are odd, big, or out of time: F29, F30, F34."""

import gzip
import hashlib
import itertools
import random
from collections import Counter
from typing import Any

import pytest

from coinlake.contracts.hours import hour_of
from coinlake.contracts.raw_index import Record
from tests.faults.s3_sink.conftest import Fault
from tests.labs.cluster.lab import HOUR_MS, NOON_MS, Lab
from tests.labs.cluster.load import largest_that_fits, produce_big
from tests.labs.cluster.proof import coinlake, prove, true_commits, values, watched

LIMIT = 100_000


@pytest.mark.representative("versitygw")
async def test_f29_odd_values_come_back_bit_for_bit(lab: Lab, fault: Fault) -> None:
    rng = random.Random(29)
    odd = [
        b"\xff\xfe\x80",
        b"\x00",
        b"a\x00b",
        b"two\nlines\n",
        b"\r\n",
        b"\n",
        b"",
        None,
        b'{"data":[]}',
        "\u20ac".encode("utf-16"),
        *(rng.randbytes(size) for size in range(40)),
        *(rng.randbytes(rng.randrange(65_536)) for _ in range(60)),
        bytes(65_536),
    ]
    rng.shuffle(odd)
    await lab.create()
    await lab.produce([Record(0, NOON_MS, b"k", value) for value in odd])

    async with watched(lab) as watch:
        sink = lab.sink(S3_SINK_OBJECT__MAX_RECORDS="7")
        await lab.until_stored(sink, len(odd))

    audit = await coinlake(lab, "audit", "--topic", lab.topic, "--deep")
    stored = lab.stored()
    assert audit.code == 0, audit.text
    assert not watch.violations
    assert [_sha(record.value) for record in stored] == [_sha(value) for value in odd]
    assert stored == await lab.consume(lab.topic, len(odd))
    lines = b"".join(gzip.decompress(one.body) for one in sorted(lab.objects(), key=_link))
    assert lines == b"".join(value + b"\n" for value in odd if value is not None)
    commits = await true_commits(lab, {one.key: one.metadata for one in lab.objects()})
    fault("F29", f"{len(odd)} odd values, sha256 of each equal; {commits} commits")


def _sha(value: bytes | None) -> str:
    return "null" if value is None else hashlib.sha256(value).hexdigest()


def _link(one: Any) -> str:
    return str(one.key.rsplit("-", 1)[1])


async def test_f30_a_record_about_the_limits_is_an_object_of_its_own(
    lab: Lab, fault: Fault
) -> None:
    await lab.create()
    largest = await largest_that_fits(lab)
    sizes = (50, LIMIT - 1, 50, LIMIT, 50, LIMIT + 1, 50, largest, 50)
    begin = len(await values(lab))
    await produce_big(lab, [b"x" * size for size in sizes])

    async with watched(lab) as watch:
        sink = lab.sink(
            S3_SINK_OBJECT__MAX_RAW_BYTES=str(LIMIT),
            S3_SINK_FETCH_BYTES="65536",
            S3_SINK_OBJECT__MAX_AGE_S="5",
        )
        await lab.until_stored(sink, begin + len(sizes))

    for one in lab.objects():
        lengths = [len(record.value or b"") for record in one.records]
        if max(lengths) >= LIMIT:
            assert len(lengths) == 1, lengths
    fault("F30", f"values of {LIMIT} ± 1 and of {largest} bytes; {await prove(lab, watch)}")


async def test_f34_shuffled_timestamps_keep_the_rule_of_keys_and_bound_the_objects(
    lab: Lab, fault: Fault
) -> None:
    rng = random.Random(34)
    times = [NOON_MS + rng.randint(-3 * HOUR_MS, 3 * HOUR_MS) for _ in range(400)]
    await lab.create()
    await lab.produce([Record(0, at, b"k", b"%d" % number) for number, at in enumerate(times)])

    async with watched(lab) as watch:
        sink = lab.sink(S3_SINK_OBJECT__MAX_AGE_S="60")
        name = f"{lab.topic}-0"
        await sink.until(lambda: sink.partition(name).get("position") == len(times))
        # The last part is open until the end, all others have their time.
        await sink.until(lambda: sink.partition(name).get("sealed_parts") == 0, 120)
        assert sink.end() == 0

    hours = [hour_of(at).path for at in times]
    runs = 1 + sum(one != two for one, two in itertools.pairwise(hours))
    objects = lab.objects()
    for one in objects:
        folder = "/".join(one.key.split("/")[2:4])
        assert {hour_of(record.timestamp_ms).path for record in one.records} == {folder}
    assert len(objects) == runs
    spread = Counter(hours)
    fault(
        "F34",
        f"{len(times)} records over {len(spread)} hours: {len(objects)} objects, one per run of "
        f"equal hours; {await prove(lab, watch)}",
    )
