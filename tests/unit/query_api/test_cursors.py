"""Cursors: they come back as they were made, and nothing else does."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query_api.core.answers import Place
from query_api.core.cursors import Cursor, cursor_text, read_cursor
from query_api.core.problems import BadRequestError

SECRET = b"s" * 32
CURSOR = Cursor("q1", "execution-1", "etag", 2000, Place(1000, 77), {"usd": "0", "rows": 3})
TEXT = cursor_text(CURSOR, "analyst", SECRET)


def test_a_cursor_comes_back_as_it_was_made() -> None:
    assert read_cursor(TEXT, "q1", "analyst", SECRET) == CURSOR


@pytest.mark.parametrize(
    ("query_id", "caller", "secret"),
    [
        ("q2", "analyst", SECRET),
        ("q1", "other", SECRET),
        ("q1", "analys", SECRET),
        ("q1", "analyst", b"t" * 32),
    ],
)
def test_a_cursor_is_of_one_query_one_key_and_one_secret(
    query_id: str, caller: str, secret: bytes
) -> None:
    with pytest.raises(BadRequestError):
        read_cursor(TEXT, query_id, caller, secret)


@given(st.data())
def test_no_changed_cursor_is_taken(data: st.DataObject) -> None:
    packed = bytearray(base64.urlsafe_b64decode(TEXT + "=" * (-len(TEXT) % 4)))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= data.draw(st.integers(1, 255))
    changed = base64.urlsafe_b64encode(bytes(packed)).decode().rstrip("=")

    with pytest.raises(BadRequestError):
        read_cursor(changed, "q1", "analyst", SECRET)


@pytest.mark.parametrize(
    "text", ["", "x", "é", "a" * 100_000, "!!!!", TEXT[:20], TEXT + "AAAA"]
)
def test_what_was_never_a_cursor_is_a_bad_request(text: str) -> None:
    with pytest.raises(BadRequestError):
        read_cursor(text, "q1", "analyst", SECRET)
