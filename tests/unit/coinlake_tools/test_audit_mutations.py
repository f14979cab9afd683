"""Every mutation of a sound lake is caught and named; the sound lake itself is proven."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from coinlake.contracts.raw_codec import decode, encode
from coinlake.contracts.raw_index import Record
from tests.unit.coinlake_tools.lake import TOPIC, Lake


def _swapped(body: bytes) -> bytes:
    """Two values change places; offsets, lengths of the file and everything else stay."""
    records = list(decode(body).records)
    one, two = records[1], records[2]
    records[1], records[2] = replace(one, value=two.value), replace(two, value=one.value)
    return encode(records).body


def _flipped(body: bytes) -> bytes:
    middle = len(body) // 2
    return body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]


def _delete_middle(lake: Lake) -> None:
    del lake.bucket.objects[lake.keys()[3]]


def _delete_first(lake: Lake) -> None:
    del lake.bucket.objects[lake.keys()[0]]


def _delete_last(lake: Lake) -> None:
    del lake.bucket.objects[lake.keys()[-1]]


def _delete_all(lake: Lake) -> None:
    for key in lake.keys(1):
        del lake.bucket.objects[key]


def _other_hour(lake: Lake) -> None:
    key = lake.keys()[3]
    lake.copy(key, key.replace("/dt=2026-09-21/", "/dt=2026-09-22/"))


def _moved_hour(lake: Lake) -> None:
    key = lake.keys()[3]
    _other_hour(lake)
    del lake.bucket.objects[key]


def _overlap(lake: Lake) -> None:
    key = lake.keys()[3]
    link = int(lake.bucket.objects[key].metadata["link"])
    moved = key.replace(f"{link:020d}", f"{link - 1:020d}")
    lake.copy(key, moved, link=str(link - 1))
    del lake.bucket.objects[key]


def _longer(lake: Lake) -> None:
    key = lake.keys()[3]
    told = lake.bucket.objects[key].metadata
    lake.alter(key, next=str(int(told["next"]) + 1), records=str(int(told["records"]) + 1))


def _metadata_lost(lake: Lake) -> None:
    lake.alter(lake.keys()[3], coinlake_format="9")


def _wrong_link(lake: Lake) -> None:
    lake.alter(lake.keys()[3], link="1")


def _fewer(lake: Lake) -> None:
    lake.alter(lake.keys()[3], records="2", values="2")


def _times(lake: Lake) -> None:
    lake.alter(lake.keys()[3], max_ts="1")


def _lowered_watermark(lake: Lake) -> None:
    lake.alter(lake.keys()[4], complete_to="5")


def _foreign(lake: Lake) -> None:
    lake.copy(lake.keys()[3], lake.keys()[3].replace(".json.gz", ".json.bak"))


def _stray(lake: Lake) -> None:
    lake.copy(lake.keys()[3], "raw/readme.txt")


def _other_epoch(lake: Lake) -> None:
    lake.copy(lake.keys()[3], lake.keys()[3].replace("/1-0-", "/2-0-"))


def _other_partition(lake: Lake) -> None:
    lake.copy(lake.keys()[3], lake.keys()[3].replace("/1-0-", "/1-7-"))


def _no_epoch(lake: Lake) -> None:
    del lake.bucket.objects[f"chain/{TOPIC}/1.json"]


def _epoch_bytes(lake: Lake) -> None:
    lake.alter(f"chain/{TOPIC}/1.json", b"{}")


def _log_shorter(lake: Lake) -> None:
    del lake.log.logs[0][50:]


def _log_expired(lake: Lake) -> None:
    _delete_last(lake)
    lake.log.logs[0] = lake.log.logs[0] + [Record(n, 0, None, b"x") for n in range(95, 99)]
    lake.log.starts[0] = 97


SHALLOW: dict[str, tuple[Callable[[Lake], None], str, int | None]] = {
    "an object in the middle is deleted": (_delete_middle, "missing", 30),
    "the first object is deleted": (_delete_first, "missing", 0),
    "the last object is deleted": (_delete_last, "tail", 90),
    "all objects of a partition are deleted": (_delete_all, "tail", 0),
    "an object is copied under another hour": (_other_hour, "duplicate", 30),
    "an object lies under another hour": (_moved_hour, "hour", 30),
    "an object begins one offset early": (_overlap, "overlap", 29),
    "an object says that it ends one offset later": (_longer, "overlap", 40),
    "an object has lost its metadata": (_metadata_lost, "metadata", 30),
    "an object says another link than its name": (_wrong_link, "metadata", 30),
    "an object says that it has fewer records": (_fewer, "hole", 30),
    "an object says times of another hour": (_times, "hour", 30),
    "a watermark goes back": (_lowered_watermark, "watermark", 40),
    "a file with a foreign name lies beside": (_foreign, "foreign", None),
    "a file lies outside of every topic": (_stray, "foreign", None),
    "an object is of an epoch that is not there": (_other_epoch, "epoch", None),
    "an object is of a partition that Kafka has not": (_other_partition, "missing", 0),
    "the epoch's record is deleted": (_no_epoch, "epoch", None),
    "the epoch's record is no record": (_epoch_bytes, "epoch", None),
    "the log is shorter than the chain": (_log_shorter, "ahead", 50),
    "Kafka has expired what was not stored": (_log_expired, "expired", 90),
}


def _flip(lake: Lake) -> None:
    key = lake.keys()[3]
    lake.alter(key, _flipped(lake.bucket.objects[key].body))


def _swap(lake: Lake) -> None:
    key = lake.keys()[3]
    lake.alter(key, _swapped(lake.bucket.objects[key].body))


def _swap_with_hash(lake: Lake) -> None:
    _swap(lake)
    key = lake.keys()[3]
    lake.alter(key, sha256=decode(lake.bucket.objects[key].body).sha256)


def _truncate(lake: Lake) -> None:
    key = lake.keys()[3]
    lake.alter(key, lake.bucket.objects[key].body[:-9])


def _plain(lake: Lake) -> None:
    lake.alter(lake.keys()[3], b'{"n":1}\n')


def _exchange(lake: Lake) -> None:
    lake.alter(lake.keys()[3], lake.bucket.objects[lake.keys()[4]].body)


def _hash(lake: Lake) -> None:
    lake.alter(lake.keys()[3], sha256="0" * 64)


def _kafka(lake: Lake) -> None:
    lake.log.logs[0][33] = replace(lake.log.logs[0][33], key=b"another")


DEEP: dict[str, tuple[Callable[[Lake], None], str, int]] = {
    "a bit is flipped": (_flip, "unreadable", 30),
    "two records are swapped": (_swap, "hash", 30),
    "two records are swapped and the hash is adapted": (_swap_with_hash, "kafka", 31),
    "an object is truncated": (_truncate, "unreadable", 30),
    "an object is replaced by plain lines": (_plain, "unreadable", 30),
    "an object holds the bytes of another": (_exchange, "content", 30),
    "the hash in the metadata is changed": (_hash, "hash", 30),
    "Kafka has another key": (_kafka, "kafka", 33),
}


@pytest.mark.parametrize("deep", [False, True])
async def test_a_sound_lake_is_proven(lake: Lake, deep: bool) -> None:
    verdict = await lake.audit(deep=deep)

    assert verdict.findings == ()
    assert verdict.body()["verdict"] == "proven"
    told = verdict.topics[TOPIC]["1-0"]
    assert (told["origin"], told["end"], told["log_end"], told["records"]) == (0, 95, 95, 95)
    assert told["compared_with_kafka"] == (95 if deep else 0)


@pytest.mark.parametrize("name", SHALLOW)
async def test_what_keys_and_metadata_tell_is_caught(lake: Lake, name: str) -> None:
    mutate, kind, offset = SHALLOW[name]

    mutate(lake)
    verdict = await lake.audit()

    assert kind in {one.kind for one in verdict.findings}
    if offset is not None:
        assert (kind, offset) in {(one.kind, one.offset) for one in verdict.findings}
    assert not verdict.is_proven


@pytest.mark.parametrize("name", DEEP)
async def test_what_only_the_bytes_tell_is_caught_by_the_deep_audit(
    lake: Lake, name: str
) -> None:
    mutate, kind, offset = DEEP[name]

    mutate(lake)
    shallow, deep = await lake.audit(), await lake.audit(deep=True)

    assert shallow.is_proven
    assert (kind, offset) in {(one.kind, one.offset) for one in deep.findings}
    first = deep.body()["first_difference"]
    assert first["offset"] == offset
