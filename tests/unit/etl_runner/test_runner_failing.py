"""What a failure costs an hour, a batch and the batches behind it: waits, counts, words."""

import random
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from coinlake.backoff import Backoff
from coinlake.contracts.batches import BatchInput
from coinlake.contracts.hours import Hour
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.suspects import Suspects
from etl_runner.core.tracked import digest_of
from etl_runner.loop.failing import Failing, Patience
from etl_runner.loop.totals import Totals
from etl_runner.metrics import EtlMetrics

A, B, C, D = (FeedHour("rates", Hour("2026-11-20", f"0{n}")) for n in range(4))
NOW_MS = 1_000_000
PATIENCE = Patience(
    failed=Backoff(10, 80), away=Backoff(4, 16), parked=Backoff(1000, 8000), park_after=3
)


class Drawn(random.Random):
    """Always the most that may be drawn, or the least."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self._share = share

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * self._share


Make = Callable[[float], tuple[Hours, Failing]]


@pytest.fixture
def make() -> Make:
    def made(share: float) -> tuple[Hours, Failing]:
        hours = Hours()
        totals = Totals(EtlMetrics(CollectorRegistry()), 2, 0.44)
        return hours, Failing(hours, PATIENCE, totals, lambda: NOW_MS, Drawn(share))

    return made


@pytest.mark.parametrize(("share", "part"), [(1.0, 1.0), (0.0, 0.5), (0.5, 0.75)])
def test_an_hour_waits_twice_as_long_each_time_and_is_parked_then(
    make: Make, share: float, part: float
) -> None:
    hours, failing = make(share)
    item = BatchInput("k", "e", 1)
    hours.listed(A, {"k": item}, NOW_MS)
    found = []
    for _ in range(5):
        failing.hour_failed(A, "it fails")
        found.append(hours.get(A).failure)

    waits = [one.not_before_ms - NOW_MS for one in found]
    changed = [one.changed_ms - NOW_MS for one in found]
    assert waits == [int(part * ms) for ms in (10_000, 20_000, 1_000_000, 2_000_000, 4_000_000)]
    assert changed == [int(part * ms) for ms in (10_000, 20_000, 40_000, 80_000, 80_000)]
    assert [one.is_parked for one in found] == [False, False, True, True, True]
    assert [one.count for one in found] == [1, 2, 3, 4, 5]
    assert {one.since_ms for one in found} == {NOW_MS}
    assert {one.inputs for one in found} == {digest_of([item])}
    assert {one.message for one in found} == {"it fails"}


def test_what_is_away_makes_an_hour_wait_and_is_no_failure(make: Make) -> None:
    hours, failing = make(1.0)
    until = []
    for _ in range(4):
        failing.waits(A, "no table")
        until.append(hours.get(A).wait.until_ms - NOW_MS)
    assert until == [4000, 8000, 16_000, 16_000]
    assert hours.get(A).wait.reason == "no table"
    assert hours.get(A).wait.count == 4
    assert not hours.get(A).alone


def test_failed_batches_hold_the_next_ones_back_for_longer_until_one_holds(make: Make) -> None:
    hours, failing = make(1.0)
    held = []
    for _ in range(3):
        failing.run_failed([A, B], "Glue is away")
        held.append(failing.held_until_ms - NOW_MS)
    assert held == [10_000, 20_000, 40_000]
    assert [hours.get(hour).wait.reason for hour in (A, B)] == ["Glue is away"] * 2
    assert not hours.get(A).alone
    failing.run_held([C])
    assert failing.held_until_ms == 0
    failing.run_failed([C, D], "again")
    assert failing.held_until_ms - NOW_MS == 10_000


def test_an_hour_that_is_known_to_fail_holds_nothing_back(make: Make) -> None:
    hours, failing = make(1.0)
    failing.run_failed([A], "it fails")
    assert failing.held_until_ms == NOW_MS + 10_000
    failing.run_held([B])
    failing.run_failed([A], "it fails")
    assert failing.held_until_ms == 0
    assert hours.get(A).failure.count == 2


def test_the_last_of_a_group_fails_by_itself_when_the_others_did_not(make: Make) -> None:
    hours, failing = make(1.0)
    failing.run_failed([A, B], "one of them")
    failing.run_held([A])
    assert hours.get(B).failure.message == "the run failed with it, and not without it"
    assert hours.last_success_ms == NOW_MS
    assert not hours.get(A).alone


def test_each_event_has_its_word_in_the_log(make: Make) -> None:
    _, failing = make(1.0)
    with capture_logs() as said:
        for _ in range(3):
            failing.hour_failed(A, "x")
        failing.run_failed([A, B], "y")
        failing.waits(A, "z")
    assert [line["event"] for line in said] == [
        "hour_failed",
        "hour_failed",
        "hour_parked",
        "batch_failed",
        "hour_waits",
    ]
    assert [line["log_level"] for line in said] == ["error"] * 4 + ["warning"]
    assert said[2]["failures"] == 3


# ---- suspects ----------------------------------------------------------------------------------


def test_groups_are_told_apart() -> None:
    suspects = Suspects()

    def groups() -> list[tuple[FeedHour, ...]]:
        return list(suspects.groups)

    assert suspects.failed([A, B]) is None
    assert suspects.failed([C, D]) is None
    assert groups() == [(A, B), (C, D)]
    # A batch that fails is a group of its own: what it takes from is none any more.
    assert suspects.failed([B, C]) is None
    assert groups() == [(B, C)]
    assert suspects.failed([B]) == B
    assert groups() == []


def test_a_success_clears_those_that_were_in_it() -> None:
    suspects = Suspects()
    suspects.failed([A, B, C])
    suspects.failed([D, FeedHour("markets", D.at)])
    assert suspects.succeeded([A]) is None
    assert suspects.groups[0] == (B, C)
    assert suspects.succeeded([B]) == C
    assert [suspects.holds(hour) for hour in (A, B, C, D)] == [False, False, False, True]
    suspects.drop(D)
    assert suspects.groups == ()


def test_the_first_half_is_the_larger_one() -> None:
    assert Suspects().next_half([A, B, C]) == (A, B)
    assert Suspects().next_half([A, B]) == (A,)
