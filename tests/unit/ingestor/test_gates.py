"""Pauses: a refused key is probed rarely, Retry-After is honoured, nothing shortens a wait."""

import random

import pytest

from coinlake.backoff import Backoff
from coinlake.contracts.missed_ticks import Cause
from ingestor.core.gates import (
    FIRST_PAUSE_MS,
    MAX_RETRY_AFTER_MS,
    KeyGate,
    PageGate,
    retry_after_ms,
)
from ingestor.loop.gating import RetryDelay

NOW = 1_795_305_600_000  # 2026-11-22T00:00:00Z
HOUR = 3_600_000


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
        ("Sunday, 22-Nov-26 00:00:30 GMT", 30_000),
        ("Sun Nov 22 00:00:30 2026", 30_000),
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
    retry_delay = RetryDelay(Backoff(base_s=1, cap_s=2), random.Random(1))

    waits = [retry_delay.wait_ms(failures, 5_000) for failures in range(50)]

    assert set(waits) == {5_000}


def test_the_wait_has_full_jitter_under_a_growing_ceiling() -> None:
    retry_delay = RetryDelay(Backoff(base_s=1, cap_s=60), random.Random(1))

    waits = [retry_delay.wait_ms(3) for _ in range(500)]

    assert min(waits) < 500
    assert 7_500 < max(waits) <= 8_000


def test_a_refused_key_is_closed_and_probed_once_in_a_while() -> None:
    gate = KeyGate(probe_ms=3_600_000)
    gate.refuse("assets", NOW)
    gate.refuse("assets", NOW + 1)

    assert gate.closed("assets", NOW + 3_600_000) is Cause.KEY_REFUSED
    assert gate.closed("assets", NOW + 3_600_001) is None
    assert gate.closed("assets", NOW + 3_600_002) is Cause.KEY_REFUSED


def test_a_key_that_works_again_opens_the_gate() -> None:
    gate = KeyGate(probe_ms=3_600_000)
    for _ in range(2):
        gate.refuse("assets", NOW)

    assert gate.accept()
    assert not gate.accept()
    assert gate.closed("assets", NOW + 1) is None


def test_a_shorter_limit_does_not_shorten_a_longer_one() -> None:
    gate = KeyGate(probe_ms=3_600_000)
    gate.limit(10_000, NOW)
    gate.limit(1_000, NOW)

    assert gate.closed("assets", NOW + 9_999) is Cause.RATE_LIMITED
    assert gate.closed("assets", NOW + 10_000) is None


def test_a_page_may_be_asked_again_as_soon_as_its_wait_is_over() -> None:
    gate = PageGate()

    gate.failed(NOW, 5_000)

    assert gate.closed(NOW + 4_999) is Cause.BACKOFF
    assert gate.closed(NOW + 5_000) is None


def test_that_the_key_is_refused_is_news_once() -> None:
    gate = KeyGate(probe_ms=HOUR, pages=4)

    news = [gate.refuse(page, NOW).is_news for page in ("assets", "rates", "markets")]

    assert news == [False, True, False]


def test_a_long_limit_is_told_until_its_last_moment() -> None:
    gate = KeyGate(probe_ms=HOUR, pages=4)
    gate.limit(24 * HOUR, NOW)
    gate.limit(24 * HOUR, NOW)

    assert gate.limited_ms(NOW + HOUR - 1) == 1
    assert gate.limited_ms(NOW + HOUR) == 0


def test_a_page_that_works_again_is_forgiven() -> None:
    gate = PageGate()
    gate.failed(NOW, 5_000)
    gate.failed(NOW, 5_000)
    assert (gate.failures, gate.closed(NOW + 4_999)) == (2, Cause.BACKOFF)

    gate.worked()

    assert (gate.failures, gate.closed(NOW)) == (0, None)


def test_one_page_that_is_refused_does_not_speak_for_the_others() -> None:
    gate = KeyGate(probe_ms=HOUR, pages=4)

    pauses = [gate.refuse("rates", NOW + look) for look in range(5)]

    assert not any(pause.for_all for pause in pauses)
    assert gate.closed("assets", NOW + 5) is None


def test_two_pages_that_are_refused_speak_for_all_unless_one_was_taken_in_between() -> None:
    gate = KeyGate(probe_ms=HOUR, pages=4)
    gate.refuse("rates", NOW)
    gate.accept()

    first, second = gate.refuse("markets", NOW), gate.refuse("rates", NOW)

    assert (first.for_all, second.for_all, second.is_news) == (False, True, True)
    assert gate.closed("assets", NOW + 1) is Cause.KEY_REFUSED


def test_the_next_probe_is_another_pages_so_that_one_refused_page_keeps_nobody_out() -> None:
    gate = KeyGate(probe_ms=HOUR, pages=4)
    for page in ("markets", "rates"):
        gate.refuse(page, NOW)

    later = NOW + HOUR

    assert gate.closed("rates", later) is Cause.KEY_REFUSED
    assert gate.closed("assets", later) is None
    assert gate.closed("exchanges", later) is Cause.KEY_REFUSED


def test_a_page_that_nobody_else_probes_for_may_probe_itself_in_the_end() -> None:
    gate = KeyGate(probe_ms=HOUR, pages=4)
    for page in ("markets", "rates"):
        gate.refuse(page, NOW)

    assert gate.closed("rates", NOW + 2 * HOUR) is None


def test_one_far_limit_holds_all_for_a_minute_a_second_one_to_the_next_probe() -> None:
    gate = KeyGate(probe_ms=HOUR, pages=4)

    first = gate.limit(24 * HOUR, NOW)
    opened = gate.closed("assets", NOW + FIRST_PAUSE_MS)
    second = gate.limit(24 * HOUR, NOW + FIRST_PAUSE_MS)

    assert (first.ms, first.for_all, gate.limited_ms(NOW)) == (
        FIRST_PAUSE_MS,
        False,
        HOUR + FIRST_PAUSE_MS,
    )
    assert opened is None
    assert (second.ms, second.for_all) == (HOUR, True)
    assert gate.closed("assets", NOW + HOUR) is Cause.RATE_LIMITED
    assert gate.closed("assets", NOW + HOUR + FIRST_PAUSE_MS) is None


def test_short_limits_are_not_told_as_if_the_api_stood_still() -> None:
    gate = KeyGate(probe_ms=HOUR, pages=4)
    for _ in range(3):
        gate.limit(30_000, NOW)

    assert gate.limited_ms(NOW) == 0
    assert gate.closed("assets", NOW + 1) is Cause.RATE_LIMITED


def test_an_answer_forgets_the_limits_before_it() -> None:
    gate = KeyGate(probe_ms=HOUR, pages=4)
    gate.limit(24 * HOUR, NOW)
    gate.accept()

    assert not gate.limit(24 * HOUR, NOW + HOUR).for_all


def test_what_the_process_before_was_told_still_holds_and_is_bounded() -> None:
    gate = KeyGate(probe_ms=HOUR, pages=4)

    gate.still_limited(24 * HOUR, NOW)

    assert gate.closed("assets", NOW + HOUR - 1) is Cause.RATE_LIMITED
    assert gate.closed("assets", NOW + HOUR) is None
    assert gate.limited_ms(NOW) == HOUR


def test_a_refused_page_is_looked_at_twice_and_then_more_and_more_rarely() -> None:
    gate = PageGate()

    waits = [gate.refused(NOW, 1_000, HOUR) for _ in range(9)]

    assert waits[:3] == [1_000, FIRST_PAUSE_MS, 2 * FIRST_PAUSE_MS]
    assert max(waits) == HOUR
    assert gate.closed(NOW) is Cause.PAGE_REFUSED
    assert gate.is_refused


def test_the_first_refusal_of_a_page_is_only_a_pause() -> None:
    gate = PageGate()
    gate.refused(NOW, 1_000, HOUR)

    assert not gate.is_refused
    assert gate.closed(NOW) is Cause.BACKOFF
