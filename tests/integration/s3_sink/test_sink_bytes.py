"""What the sink stores: bytes, hours, heartbeats, announcements, with real Kafka and S3."""

import gzip
import json
from typing import Any

from coinlake.contracts.headers import heartbeat_headers
from coinlake.contracts.hours import hour_of
from coinlake.contracts.raw_index import Record
from coinlake.contracts.topics import LANDED, copied_by_the_sink
from tests.labs.cluster.lab import Lab

HOUR_MS = 3_600_000
NOON_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS


def _record(value: bytes | None, timestamp_ms: int = NOON_MS, **more: Any) -> Record:
    return Record(0, timestamp_ms, more.get("key"), value, more.get("headers", ()))


async def test_odd_values_keys_and_headers_come_back_bit_for_bit(lab: Lab) -> None:
    odd = [
        _record(b'{"data":[]}', key=b"assets?limit=100&offset=0"),
        _record(b"two\nlines\n"),
        _record(b"\xff\xfe\x00 no utf-8"),
        _record(b""),
        _record(None, key=b"null"),
        _record(b"h", headers=(("a", b"1"), ("a", None), ("b", b""), ("\u00fc", b"\xff"))),
        _record(bytes(range(256)) * 900, key=b""),
    ]
    await lab.create()
    await lab.produce(odd)

    sink = lab.sink()
    await sink.until(lambda: sink.partition(f"{lab.topic}-0").get("chain_end") == len(odd))

    assert lab.stored() == await lab.consume(lab.topic, len(odd))
    lines = b"".join(gzip.decompress(one.body) for one in lab.objects())
    assert lines == b"".join(r.value + b"\n" for r in odd if r.value is not None)


async def test_an_object_holds_records_of_one_hour_only(lab: Lab) -> None:
    times = [NOON_MS, NOON_MS + HOUR_MS - 1, NOON_MS + HOUR_MS, NOON_MS - 5, 12_345, NOON_MS]
    await lab.create()
    await lab.produce([_record(b"%d" % number, at) for number, at in enumerate(times)])

    sink = lab.sink(S3_SINK_OBJECT__MAX_AGE_S="60")
    await sink.until(lambda: sink.partition(f"{lab.topic}-0").get("open_records") == 1)
    assert sink.end() == 0

    objects = lab.objects()
    assert lab.ends() == {0: len(times)}
    for one in objects:
        folders = {hour_of(record.timestamp_ms).path for record in one.records}
        assert folders == {"/".join(one.key.split("/")[2:4])}
    assert sum("dt=1970-01-01/hour=00" in one.key for one in objects) == 1
    assert len(objects) == 5


async def test_heartbeats_wait_for_company_and_tell_how_far_the_stream_is_complete(
    lab: Lab,
) -> None:
    beat = _record(None, key=b"beat", headers=tuple(heartbeat_headers(NOON_MS + 5, "ingestor")))
    await lab.create()
    await lab.produce([beat, beat])
    sink = lab.sink()
    name = f"{lab.topic}-0"
    await sink.until(lambda: sink.partition(name).get("open_records") == 2)

    # Three ages of a value pass for a value, which is stored; the heartbeats alone were not.
    assert lab.objects() == []
    await lab.produce([_record(b"value")])
    await sink.until(lambda: sink.partition(name).get("chain_end") == 3)

    (one,) = lab.objects()
    assert one.metadata["values"] == "1"
    assert one.metadata["records"] == "3"
    assert one.metadata["complete-to"] == str(NOON_MS + 5)
    assert sink.status()["totals"] == {"objects": 1, "values": 1, "raw_bytes": 5}


async def test_each_object_is_announced_after_it_landed(lab: Lab) -> None:
    await lab.create()
    await lab.numbers(0, 3)
    sink = lab.sink()
    await sink.until(lambda: sink.partition(f"{lab.topic}-0").get("chain_end") == 3)
    await sink.until(lambda: sink.partition(f"{lab.topic}-0").get("committed") == 3)
    assert sink.end() == 0

    tail = lab.sink(S3_SINK_GROUP__ID=f"{lab.name}-2")  # the topic of hints exists for sure
    await tail.until(lambda: tail.partition(f"{lab.topic}-0").get("chain_end") == 3)
    hints: list[dict[str, Any]] = []
    while not any(hint["topic"] == lab.topic for hint in hints):
        found = await lab.consume(LANDED, len(hints) + 1)
        hints = [json.loads(record.value or b"{}") for record in found]

    (one,) = lab.objects()
    hint = next(hint for hint in hints if hint["topic"] == lab.topic)
    assert (hint["key"], hint["size"], hint["link"]) == (one.key, len(one.body), 0)
    assert (hint["next_offset"], hint["values"], hint["epoch"]) == (3, 3, 1)


async def test_the_topics_of_the_contract_are_made_and_each_gets_its_epoch(lab: Lab) -> None:
    sink = lab.sink(S3_SINK_TOPICS=json.dumps(copied_by_the_sink()))

    await sink.until(lambda: len(sink.status()["partitions"]) == len(copied_by_the_sink()))
    await sink.until(lambda: sink.get("/readyz")[0] == 200)

    listed = lab.s3.list_objects_v2(Bucket=lab.name, Prefix="chain/")["Contents"]
    epochs = {f"chain/{topic}/1.json" for topic in copied_by_the_sink()}
    assert {item["Key"] for item in listed} == {"chain/probe", *epochs}
    assert lab.objects() == []
