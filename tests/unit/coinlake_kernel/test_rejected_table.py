"""Rejected answers as rows: each of them once, whole or said to be cut, with where it is from."""

import hashlib
from dataclasses import replace
from typing import Any

from coinlake.contracts.datasets import REJECTED, TABLES
from coinlake.contracts.headers import AnswerHeaders
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.rejected_answers import MAX_TEXT_BYTES
from coinlake_kernel.hour import HourKernel, TypedHour
from coinlake_kernel.records import RawSource

from .odd_hours import HOUR
from .test_kernel_equals_rules import rows_in

AT_MS = HOUR.start_ms
PAGE = b"assets?limit=100&offset=0"
TOLD = AnswerHeaders(
    "p1",
    AT_MS - 200,
    AT_MS,
    503,
    "http://api/assets",
    "s",
    "coincap",
    "t",
    "server_error",
    "t1",
)


def answer(offset: int, body: bytes | None, poll: str, key: bytes | None = PAGE) -> Record:
    told = replace(TOLD, poll_id=poll).encode()
    return Record(offset, AT_MS + offset, key, body, tuple(told))


def made(*records: Record, damage: bytes = b"") -> TypedHour:
    kernel = HourKernel(REJECTED.name, 60_000)
    key = str(RawKey(REJECTED.topic, HOUR, 2, 0, 0))
    source = RawSource(REJECTED.name, HOUR.dt, HOUR.hour, key, "etag", None, 60_000)
    kernel.add(source, encode(list(records)).body + damage)
    return kernel.finish()


def rows(hour: TypedHour) -> list[dict[str, Any]]:
    return rows_in("rejected", hour.tables["rejected"])


def test_a_row_says_what_came_why_it_is_here_and_where_it_is_from() -> None:
    (row,) = rows(made(answer(0, b"<html>down</html>", "p1")))

    assert row == {
        "reason": "server_error",
        "feed": "assets",
        "page": PAGE.decode(),
        "url": "http://api/assets",
        "status": 503,
        "requested_ts": AT_MS - 200,
        "received_ts": AT_MS,
        "text": "<html>down</html>",
        "is_truncated": False,
        "bytes": 17,
        "sha256": hashlib.sha256(b"<html>down</html>").hexdigest(),
        "source": "coincap",
        "poll_id": "p1",
        "topic": REJECTED.topic,
        "epoch": 2,
        "kafka_partition": 0,
        "kafka_offset": 0,
        "raw_object": str(RawKey(REJECTED.topic, HOUR, 2, 0, 0)),
        "tick_id": "t1",
    }
    assert list(row) == [column.name for column in TABLES["rejected"].columns]


def test_the_same_words_at_each_poll_are_an_answer_each_and_one_sent_twice_is_one() -> None:
    hour = made(answer(0, b"no", "p1"), answer(1, b"no", "p2"), answer(2, b"no", "p2"))

    assert [row["poll_id"] for row in rows(hour)] == ["p1", "p2"]
    assert hour.tallies == {
        "records": 3,
        "duplicates": 1,
        "usable": 2,
        "elements": 2,
        "rows": 2,
    }


def test_a_text_is_whole_up_to_the_limit_and_says_where_it_was_cut() -> None:
    bodies = [b"x" * MAX_TEXT_BYTES, b"x" * (MAX_TEXT_BYTES + 1), "é".encode() * 600_000]
    found = rows(made(*(answer(n, body, f"p{n}") for n, body in enumerate(bodies))))

    assert [row["is_truncated"] for row in found] == [False, True, True]
    assert [len(row["text"].encode()) for row in found] == [MAX_TEXT_BYTES] * 3
    assert [row["bytes"] for row in found] == [len(body) for body in bodies]
    # Half a character is left out, and never a wrong one put in.
    odd = rows(made(answer(0, b"x" + "é".encode() * 600_000, "p")))
    assert odd[0]["text"] == "x" + "é" * ((MAX_TEXT_BYTES - 1) // 2)


def test_bytes_that_are_no_text_and_records_without_a_page_are_rows_too() -> None:
    bare = Record(1, AT_MS + 1, None, b"", ())
    found = rows(made(answer(0, b"\xff\x00ok", "p1"), bare, answer(2, b"no", "p2", b"stars")))

    assert [row["text"] for row in found] == ["\ufffd\x00ok", "", "no"]
    assert (found[1]["reason"], found[1]["feed"], found[1]["status"]) == (None, None, None)
    assert (found[2]["feed"], found[2]["page"]) == (None, "stars")


def test_heartbeats_make_no_rows_and_an_object_that_cannot_be_read_is_in_the_quarantine() -> (
    None
):
    assert made(answer(0, None, "p1")).tables == {}

    hour = made(answer(0, b"no", "p1"), damage=b"garbage")

    (row,) = rows_in("rejected_quarantine", hour.tables["rejected_quarantine"])
    assert row["reason"].startswith("unreadable object: ")
    assert (row["rule"], row["raw_etag"]) == ("object", "etag")
    assert list(hour.tables) == ["rejected_quarantine"]
