"""HTTP dates are in UTC, wherever the process believes to be."""

import time
from collections.abc import Iterator

import pytest

from ingestor.core.http_dates import http_date_ms

NOON_MS = 784_111_777_000
"""The moment of RFC 9110's examples."""


@pytest.fixture(params=["UTC", "Asia/Tokyo", "America/St_Johns"])
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    "text",
    [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 -0000",
        "Sun, 06 Nov 1994 17:49:37 +0900",
    ],
)
def test_each_form_tells_the_same_moment_in_any_time_zone(zone: str, text: str) -> None:
    del zone
    assert http_date_ms(text) == NOON_MS


@pytest.mark.parametrize("text", ["", "soon", "0", "Sun, 06 Nov 99999 08:49:37 GMT"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert http_date_ms(text) is None
