"""Pauses: a refused key is probed rarely, Retry-After is honoured, nothing shortens a wait."""

import random

import pytest

from coinlake.backoff import Backoff
from ingestor.core.gaps import Cause
from ingestor.core.gates import MAX_RETRY_AFTER_MS, KeyGate, PageGate, retry_after_ms
from ingestor.loop.doors import Patience

NOW = 1_795_305_600_000  # 2026-11-22T00:00:00Z


@pytest.mark.parametrize(
    ("header", "wait_ms"),
    [
        (None, None),
        ("7", 7_000),
        (" 7 ", 7_000),
        ("0", 0),
        ("Sun, 22 Nov 2026 00:00:30 GMT", 30_000),
        ("Sun, 22 Nov 2026 00:00:00 GMT", 0),
        ("Sat, 21 Nov 2026 00:00:00 GMT", 0),
        ("99999999", MAX_RETRY_AFTER_MS),
        ("9" * 5_000, MAX_RETRY_AFTER_MS),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_in_both_forms_and_bounded(
    header: str | None, wait_ms: int | None
) -> None:
    assert retry_after_ms(header, NOW) == wait_ms


def test_the_wait_is_never_shorter_than_the_api_asked_for() -> None:
    patience = Patience(Backoff(base_s=1, cap_s=2), random.Random(1))

    waits = [patience.wait_ms(failures, "5", NOW) for failures in range(50)]

    assert set(waits) == {5_000}


def test_the_wait_has_full_jitter_under_a_growing_ceiling() -> None:
    patience = Patience(Backoff(base_s=1, cap_s=60), random.Random(1))

    waits = [patience.wait_ms(3, None, NOW) for _ in range(500)]

    assert min(waits) < 500
    assert 7_500 < max(waits) <= 8_000


def test_a_refused_key_is_closed_and_probed_once_in_a_while() -> None:
    gate = KeyGate(probe_ms=3_600_000)
    assert gate.refuse(NOW)
    assert not gate.refuse(NOW + 1)

    assert gate.closed(NOW + 3_600_000) is Cause.KEY_REFUSED
    assert gate.closed(NOW + 3_600_001) is None
    assert gate.closed(NOW + 3_600_002) is Cause.KEY_REFUSED


def test_a_key_that_works_again_opens_the_gate() -> None:
    gate = KeyGate(probe_ms=3_600_000)
    gate.refuse(NOW)

    assert gate.accept()
    assert not gate.accept()
    assert gate.closed(NOW + 1) is None


def test_a_shorter_limit_does_not_shorten_a_longer_one() -> None:
    gate = KeyGate(probe_ms=1)
    gate.limit(NOW + 10_000)
    gate.limit(NOW + 1_000)

    assert gate.closed(NOW + 9_999) is Cause.RATE_LIMITED
    assert gate.closed(NOW + 10_000) is None


def test_a_page_that_works_again_is_forgiven() -> None:
    gate = PageGate()
    gate.failed(NOW, 5_000)
    gate.failed(NOW, 5_000)
    assert (gate.failures, gate.closed(NOW + 4_999)) == (2, Cause.BACKOFF)

    gate.worked()

    assert (gate.failures, gate.closed(NOW)) == (0, None)
