"""Usable, degraded, rejected: a status of 200 proves nothing; every refusal and every oddity has its name."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinlake.contracts.answers import MAX_DEPTH, Judgement, Oddity, RejectReason, judge
from coinlake.contracts.datasets import ELEMENTS

NOW = 1_763_800_000_000
SKEW_MS = 60_000
GOOD = {
    "assets": {"timestamp": NOW, "data": [{"id": "bitcoin", "tokens": {"1": ["0xab"]}}]},
    "rates": {"data": [{"id": "são-tomé", "rateUsd": "1"}], "timestamp": NOW},
    "exchanges": {"data": [{"exchangeId": "binance"}], "timestamp": NOW},
    "markets": {
        "data": [{"exchangeId": "b", "baseId": "bitcoin", "quoteId": "tether"}],
        "timestamp": NOW,
    },
}


def judged(body: bytes, status: int = 200, feed: str = "assets") -> Judgement:
    return judge(ELEMENTS[feed], status, body, (NOW,), SKEW_MS)


def verdict(body: bytes, status: int = 200, feed: str = "assets") -> RejectReason | None:
    return judged(body, status, feed).reason


def with_data(data: object, timestamp: object = NOW) -> bytes:
    return orjson.dumps({"timestamp": timestamp, "data": data})


@pytest.mark.parametrize("feed", sorted(GOOD))
def test_a_good_answer_of_each_feed_is_usable(feed: str) -> None:
    assert judged(orjson.dumps(GOOD[feed]), feed=feed) == Judgement()


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
        (b" \r\n", "empty_body"),
        (b"<html>maintenance</html>", "not_json"),
        (b'{"data":[{"id":"x"}],"timest', "not_json"),
        (b'{"data":"\xff"}', "not_json"),
        ('{"data":[{"id":"x"}]}'.encode("utf-16"), "not_json"),
        (b"[" * 5_000 + b"]" * 5_000, "too_deep"),
        (b"[" * 255 + b"]" * 255, "too_deep"),
        (b"[1]", "not_an_object"),
        (b"null", "not_an_object"),
        (b"\xef\xbb\xbf1", "not_an_object"),
        (b'{"error":"asdf not found","timestamp":1}', "error_body"),
        (b'{"error":NaN}', "error_body"),
        (b'{"timestamp":1}', "data_missing"),
        (b'{"data":[{"id":"x"}],"data":[{"id":"x"}]}', "data_repeated"),
        (with_data({"message": "We are deprecating"}), "data_wrong_kind"),
        (with_data(None), "data_wrong_kind"),
        (with_data([]), "data_empty"),
        (with_data([{"exchangeId": "binance"}]), "data_unknown"),
        (
            with_data([1, None, {"id": ""}, {"id": True}, {"id": " "}, {"id": "a\0"}]),
            "data_unknown",
        ),
        (b'{"data":[{"id":"\\ud800"}]}', "data_unknown"),
        (with_data([{"id": "x"}], NOW - 60_001), "timestamp_off"),
        (with_data([{"id": "x"}], NOW + 60_001), "timestamp_off"),
        (with_data([{"id": "x"}], NOW // 1_000), "timestamp_off"),
        (with_data([{"id": "x"}], str(NOW - 60_001)), "timestamp_off"),
    ],
)
def test_each_thing_that_can_be_wrong_has_its_reason(body: bytes, reason: str) -> None:
    assert verdict(body) == reason


@pytest.mark.parametrize(
    ("body", "oddities"),
    [
        (b"\xef\xbb\xbf" + with_data([{"id": "x"}]), {"byte_order_mark"}),
        (b'{"data":[{"id":"x","name":"\\uD800"}],"timestamp":%d}' % NOW, {"lone_surrogate"}),
        (b'{"data":[{"id":"x","\\udfff":1}],"timestamp":%d}' % NOW, {"lone_surrogate"}),
        # Two halves that belong together are one character, and none is lone.
        (b'{"data":[{"id":"x","name":"\\ud83d\\ude00"}],"timestamp":%d}' % NOW, set()),
        (b'{"data":[{"id":"x","rank":NaN}],"timestamp":%d}' % NOW, {"not_a_number"}),
        (b'{"data":[{"id":"x","rank":-Infinity}],"timestamp":%d}' % NOW, {"not_a_number"}),
        (b'{"data":[{"id":"x","name":"NaN"}],"timestamp":%d}' % NOW, set()),
        (b'{"data":[{"id":"x","name":"a","name":"b"}],"timestamp":%d}' % NOW, {"repeated_key"}),
        (b'{"data":[{"id":"x","y":[{"a":1,"a":2}]}],"timestamp":%d}' % NOW, {"repeated_key"}),
        (with_data([{"id": None}, {"id": "bitcoin"}]), {"element_unidentified"}),
        (with_data([7, {"id": "bitcoin"}]), {"element_unidentified"}),
        (with_data([{"id": "x"}], str(NOW)), {"timestamp_as_text"}),
        (b'{"data":[{"id":"x"}],"timestamp":%d.0}' % NOW, {"timestamp_as_fraction"}),
        (b'{"data":[{"id":"x"}],"timestamp":%de0}' % NOW, {"timestamp_as_fraction"}),
        (with_data([{"id": "x"}], True), {"timestamp_unusable"}),
        (with_data([{"id": "x"}], "soon"), {"timestamp_unusable"}),
        (with_data([{"id": "x"}], NOW + 0.5), {"timestamp_unusable"}),
        (b'{"data":[{"id":"x"}]}', {"timestamp_unusable"}),
        (
            b'{"timestamp":1,"data":[{"id":"x"}],"timestamp":%d}' % NOW,
            {"timestamp_unusable", "repeated_key"},
        ),
        (
            b'\xef\xbb\xbf{"data":[{"id":"x"},{"rank":NaN}]}',
            {
                "byte_order_mark",
                "not_a_number",
                "element_unidentified",
                "timestamp_unusable",
            },
        ),
    ],
)
def test_what_is_odd_is_named_and_costs_the_answer_nothing(
    body: bytes, oddities: set[str]
) -> None:
    found = judged(body)

    assert found.reason is None
    assert {str(one) for one in found.oddities} == oddities


def test_every_oddity_and_every_reason_of_a_body_is_shown_above() -> None:
    tables = [
        mark.args[1]
        for test in (
            test_each_thing_that_can_be_wrong_has_its_reason,
            test_what_is_odd_is_named_and_costs_the_answer_nothing,
            test_other_statuses_are_refused_whatever_the_body_says,
        )
        for mark in vars(test)["pytestmark"]
    ]
    shown = {
        one
        for table in tables
        for _, told in table
        for one in ({told} if str is type(told) else told)
    }
    # Records of an older ingestor have it.
    assert shown == {*map(str, RejectReason), *map(str, Oddity)} - {"timestamp_missing"}


def test_while_clocks_are_in_doubt_one_of_them_has_to_fit() -> None:
    body = with_data([{"id": "x"}], NOW - 3_600_000)

    assert judge(ELEMENTS["assets"], 200, body, (NOW,), SKEW_MS).reason == "timestamp_off"
    assert judge(ELEMENTS["assets"], 200, body, (NOW, NOW - 3_600_500), SKEW_MS).reason is None


def test_the_depth_that_is_allowed_is_allowed() -> None:
    outer = 3  # the envelope, its data and the element
    deepest = b"[" * (MAX_DEPTH - outer) + b"]" * (MAX_DEPTH - outer)
    body = b'{"data":[{"id":"x","new":%s}],"timestamp":%d}' % (deepest, NOW)

    assert verdict(body) is None
    assert verdict(body.replace(b"[]", b"[[]]")) is RejectReason.TOO_DEEP
    # What a key hides which comes again is text in `extra` one day, and nests as well.
    hidden = body.replace(b'"new":', b'"new":[[0]],"new":').replace(b"[[0]]", b"[%s]" % deepest)
    assert verdict(hidden) is RejectReason.TOO_DEEP


def test_the_job_reads_quickly_nothing_that_is_deeper() -> None:
    orjson.dumps(orjson.loads(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH))
    with pytest.raises(orjson.JSONEncodeError):
        orjson.dumps(orjson.loads(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1)))


@given(st.binary(max_size=200), st.integers(100, 599))
def test_no_bytes_make_it_fail(body: bytes, status: int) -> None:
    reason = verdict(body, status)

    assert reason is None or reason in set(RejectReason)
