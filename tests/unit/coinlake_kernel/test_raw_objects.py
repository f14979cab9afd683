"""Raw objects to records, whoever wrote them."""

import gzip
import json
from random import Random

from coinlake.contracts.headers import AnswerHeaders
from coinlake.contracts.hours import Hour
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_gzip import STANDARD_INFLATE, Inflate
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake_kernel.hour import FAST_INFLATE
from coinlake_kernel.objects import rows_of
from coinlake_kernel.records import RawSource, SourcedRecord, UnreadableError, records_of

HOUR = Hour("2026-11-20", "07")
KEY = str(RawKey("coincap.rates.v1", HOUR, 2, 3, 40))
BODY = json.dumps(
    {"timestamp": HOUR.start_ms, "data": [{"id": "euro", "rateUsd": "1"}]}
).encode()


def source(key: str = KEY, sha256: str | None = None) -> RawSource:
    return RawSource("rates", HOUR.dt, HOUR.hour, key, "etag", sha256, 60_000)


def test_a_record_knows_where_it_is_from() -> None:
    told = AnswerHeaders("p1", 1, 2, 200, "u", "s", "simulator", "t").encode()
    record = Record(41, HOUR.start_ms, b"rates", BODY, tuple(told))

    row = next(rows_of(source(), encode([record]).body))

    assert (row["topic"], row["epoch"], row["kafka_partition"]) == ("coincap.rates.v1", 2, 3)
    assert (row["kafka_offset"], row["poll_id"], row["source"]) == (41, "p1", "simulator")
    assert row["received_ts"] == HOUR.start_ms
    assert row["rates"][0]["rate_id"] == "euro"
    assert dict(row["tallies"])["rows"] == 1


def test_a_record_without_headers_has_no_poll_id() -> None:
    row = next(rows_of(source(), encode([Record(0, HOUR.start_ms, None, BODY)]).body))

    assert (row["poll_id"], row["source"], row["state"]) == (None, None, "usable")


def test_null_is_a_heartbeat_and_empty_is_quarantined() -> None:
    records = [Record(0, HOUR.start_ms, None, None), Record(1, HOUR.start_ms, None, b"")]

    rows = list(rows_of(source(), encode(records).body))

    assert [row["state"] for row in rows] == ["heartbeat", "quarantined"]
    assert rows[0]["tallies"] == [("records", 1), ("heartbeats", 1)]


def test_a_value_with_newlines_is_one_record() -> None:
    pretty = json.dumps(json.loads(BODY), indent=2).encode()

    rows = list(rows_of(source(), encode([Record(0, HOUR.start_ms, None, pretty)]).body))

    assert [row["state"] for row in rows] == ["usable"]


def test_an_impossible_record_time_is_null() -> None:
    records = [Record(0, -1, None, BODY), Record(1, 2**62, None, BODY)]

    rows = list(rows_of(source(), encode(records).body))

    assert [row["received_ts"] for row in rows] == [None, None]


def test_lines_of_another_writer_are_read_gzipped_or_not() -> None:
    text = BODY + b"\n\nnot json\n"

    for body in (text, gzip.compress(text)):
        rows = list(rows_of(source("raw/coincap.rates.v1/dt=2026-11-20/hour=07/x.json"), body))
        assert [row["state"] for row in rows] == ["usable", "quarantined"]
        assert [row["kafka_offset"] for row in rows] == [0, 2]
        assert rows[0]["received_ts"] is None


def test_an_unreadable_object_is_one_row_with_its_reason() -> None:
    body = encode([Record(0, HOUR.start_ms, None, BODY)]).body

    for broken in (body[:-5], gzip.compress(BODY)[:-4]):
        rows = list(rows_of(source(), broken))
        assert [row["state"] for row in rows] == ["unreadable"]
        assert rows[0]["tallies"] == [(f"unreadable:{KEY}", 1)]
        assert "unreadable object" in rows[0]["reason"]


def test_an_object_that_is_not_what_its_metadata_says_is_unreadable() -> None:
    encoded = encode([Record(0, HOUR.start_ms, None, BODY)])

    good = list(rows_of(source(sha256=encoded.sha256), encoded.body))
    bad = list(rows_of(source(sha256="0" * 64), encoded.body))

    assert (good[0]["state"], bad[0]["state"]) == ("usable", "unreadable")


def _read(body: bytes, inflate: Inflate) -> list[SourcedRecord] | None:
    try:
        return records_of(source(), body, inflate)
    except UnreadableError:
        return None


def test_the_fast_inflater_reads_what_zlib_reads_and_refuses_what_zlib_refuses() -> None:
    random = Random(1)
    values = [BODY * random.randint(1, 400) for _ in range(20)]
    body = encode(
        [Record(n, HOUR.start_ms, None, value) for n, value in enumerate(values)]
    ).body
    outcomes = set()
    for _ in range(400):
        odd = bytearray(body)
        if random.random() < 0.5:
            odd[random.randrange(len(odd))] ^= 1 << random.randrange(8)
        else:
            del odd[random.randrange(len(odd)) :]
        slow, fast = (_read(bytes(odd), one) for one in (STANDARD_INFLATE, FAST_INFLATE))
        assert slow == fast
        outcomes.add(slow is None)
    assert _read(body, FAST_INFLATE) == _read(body, STANDARD_INFLATE)
    assert True in outcomes
