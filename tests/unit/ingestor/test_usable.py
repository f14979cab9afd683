"""Usable answers: a status of 200 proves nothing; every refusal has its reason."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestor.core.validation import RejectReason, Rules, judge

NOW = 1_763_800_000_000
RULES = Rules(max_skew_ms=60_000, max_depth=6)
GOOD = {
    "assets": {"timestamp": NOW, "data": [{"id": "bitcoin", "tokens": {"1": ["0xab"]}}]},
    "rates": {"data": [{"id": "são-tomé", "rateUsd": "1"}], "timestamp": NOW},
    "exchanges": {"data": [{"exchangeId": "binance"}], "timestamp": NOW},
    "markets": {
        "data": [{"exchangeId": "b", "baseId": "bitcoin", "quoteId": "tether"}],
        "timestamp": NOW,
    },
}


def verdict(body: bytes, status: int = 200, feed: str = "assets") -> RejectReason | None:
    return judge(feed, status, body, (NOW,), RULES)


def with_data(data: object, timestamp: object = NOW) -> bytes:
    return orjson.dumps({"timestamp": timestamp, "data": data})


@pytest.mark.parametrize("feed", sorted(GOOD))
def test_a_good_answer_of_each_feed_is_usable(feed: str) -> None:
    assert verdict(orjson.dumps(GOOD[feed]), feed=feed) is None


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (401, "key_refused"),
        (403, "key_refused"),
        (429, "rate_limited"),
        (400, "client_error"),
        (404, "client_error"),
        (499, "client_error"),
        (500, "server_error"),
        (599, "server_error"),
        (204, "unexpected_status"),
        (302, "unexpected_status"),
        (399, "unexpected_status"),
        (600, "unexpected_status"),
    ],
)
def test_other_statuses_are_refused_whatever_the_body_says(status: int, reason: str) -> None:
    assert verdict(orjson.dumps(GOOD["assets"]), status) == reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty_body"),
        (b"<html>maintenance</html>", "not_json"),
        (b'{"data":[{"id":"x"}],"timest', "not_json"),
        (b"\xef\xbb\xbf{}", "not_json"),
        (b'{"data":[{"id":NaN}]}', "not_json"),
        (b'{"data":"\xff"}', "not_json"),
        (b"[" * 5_000 + b"]" * 5_000, "not_json"),
        (b"[[[[[[[1]]]]]]]", "too_deep"),
        (b"[1]", "not_an_object"),
        (b"null", "not_an_object"),
        (b'{"error":"asdf not found","timestamp":1}', "error_body"),
        (b'{"timestamp":1}', "data_missing"),
        (with_data({"message": "We are deprecating"}), "data_wrong_kind"),
        (with_data(None), "data_wrong_kind"),
        (with_data([]), "data_empty"),
        (with_data([{"exchangeId": "binance"}]), "data_unknown"),
        (with_data([1, None, {"id": ""}, {"id": 7}]), "data_unknown"),
        (b'{"data":[{"id":"x"}]}', "timestamp_missing"),
        (with_data([{"id": "x"}], str(NOW)), "timestamp_missing"),
        (with_data([{"id": "x"}], True), "timestamp_missing"),
        (with_data([{"id": "x"}], NOW - 60_001), "timestamp_off"),
        (with_data([{"id": "x"}], NOW + 60_001), "timestamp_off"),
        (with_data([{"id": "x"}], NOW // 1_000), "timestamp_off"),
    ],
)
def test_each_thing_that_can_be_wrong_has_its_reason(body: bytes, reason: str) -> None:
    assert verdict(body) == reason


def test_one_broken_item_does_not_spoil_an_answer() -> None:
    assert verdict(with_data([{"id": None}, {"id": "bitcoin"}])) is None


def test_the_depth_that_is_allowed_is_allowed() -> None:
    deepest = with_data([{"id": "x", "tokens": {"1": [[]]}}])

    assert verdict(deepest) is None
    assert verdict(deepest.replace(b"[]", b"[[]]")) is RejectReason.TOO_DEEP


@given(st.binary(max_size=200), st.integers(100, 599))
def test_no_bytes_make_it_fail(body: bytes, status: int) -> None:
    reason = verdict(body, status)

    assert reason is None or reason in set(RejectReason)
