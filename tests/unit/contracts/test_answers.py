"""Headers and announcements as they travel over Kafka."""

import pytest

from coinlake.contracts.announcements import Landed, Published, parse_landed, parse_published
from coinlake.contracts.headers import (
    AnswerHeaders,
    complete_to_ms,
    heartbeat_headers,
    text_headers,
)
from coinlake.contracts.topics import TOPICS, copied_by_the_sink

LANDED = Landed("raw/k", "e", 1, "coincap.assets.v1", "2025-11-22", "12", 1, 0, 5, 9, 4, None)


def test_the_headers_of_an_answer_are_text() -> None:
    headers = AnswerHeaders("p", 1, 2, 200, "/assets", "s", "simulator", "t", "bad_json")

    assert text_headers(headers.encode())["reason"] == "bad_json"
    assert text_headers(headers.encode())["received_at"] == "2"


def test_a_heartbeat_promises_a_time() -> None:
    assert complete_to_ms(heartbeat_headers(17, "ingestor")) == 17
    assert complete_to_ms([("complete_to", b"soon")]) is None
    assert complete_to_ms([]) is None


def test_announcements_come_back() -> None:
    published = Published("assets", "2025-11-22", "12", 3, "b", {"quotes": 2})

    assert parse_landed(LANDED.encode()) == LANDED
    assert parse_published(published.encode()) == published


@pytest.mark.parametrize("value", [b"", b"{}", b"[1]", b"\xff", b'{"key":1}'])
def test_what_is_no_announcement_is_a_value_error(value: bytes) -> None:
    with pytest.raises(ValueError, match="not an"):
        parse_landed(value)
    with pytest.raises(ValueError, match="not an"):
        parse_published(value)


def test_the_sink_keeps_what_came_from_coincap_and_no_topic_is_compacted() -> None:
    assert "coincap.rejected.v1" in copied_by_the_sink()
    assert "coinlake.landed.v1" not in copied_by_the_sink()
    assert {topic.config()["cleanup.policy"] for topic in TOPICS.values()} == {"delete"}
