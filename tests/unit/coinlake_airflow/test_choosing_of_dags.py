"""Which hours make which batches, and what earlier runs of a batch say."""

from dataclasses import replace

import pytest

from coinlake.contracts.batches import BatchInput
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry, RawInput, RuleCount
from coinlake_airflow.choosing import batches_of, halves
from coinlake_airflow.handed_on import from_json, to_json
from coinlake_airflow.quality import too_many_failures
from coinlake_airflow.tries import Patience, next_of
from etl_runner.core.batch import ListedRawObject, Trouble
from etl_runner.core.plan import PlanningPolicy
from etl_runner.core.runs import GlueRun
from etl_runner.steps import FeedHour, FoundHour, WantedHour
from tests.labs.ledger_entries import ledger_entry

DAY = "2026-11-20"
POLICY = PlanningPolicy(
    max_wait_ms=0,
    target_bytes=1,
    close_grace_ms=900_000,
    close_age_ms=900_000,
    max_hours=3,
    max_bytes=10_000,
)
NOW_MS = Hour(DAY, "12").end_ms


def found(hour: str, size: int = 10, feed: str = "rates") -> FoundHour:
    at = Hour(DAY, hour)
    item = BatchInput(f"raw/{feed}/{at.path}/0", "e", size)
    return FoundHour(FeedHour(feed, at), None, (ListedRawObject(item, None, True),))


def names(batches: list[list[WantedHour]]) -> list[list[str]]:
    return [[one.hour.at.hour for one in batch] for batch in batches]


def test_hours_are_in_batches_of_at_most_so_many_oldest_first() -> None:
    hours = [found(f"{n:02}") for n in (5, 1, 2, 3, 4)]

    assert names(batches_of(hours, POLICY, NOW_MS)) == [["01", "02", "03"], ["04", "05"]]


def test_a_batch_has_at_most_so_many_bytes_and_a_larger_hour_is_alone() -> None:
    hours = [found("01", 6000), found("02", 6000), found("03", 50_000), found("04")]

    assert names(batches_of(hours, POLICY, NOW_MS)) == [["01"], ["02"], ["03"], ["04"]]


def test_an_hour_that_is_open_or_has_just_ended_is_left_to_later() -> None:
    hours = [found("11"), found("12"), found("13")]

    assert names(batches_of(hours, POLICY, NOW_MS)) == [["11"]]
    assert names(batches_of(hours, POLICY, NOW_MS + 900_000)) == [["11", "12"]]
    assert names(batches_of(hours, POLICY, NOW_MS, unsettled=True)) == [["11", "12", "13"]]


def test_an_hour_with_which_nothing_may_be_done_is_in_no_batch() -> None:
    trouble = replace(found("01"), trouble=Trouble("raw_vanished", "gone"))

    assert batches_of([trouble], POLICY, NOW_MS) == []


def test_a_forced_hour_is_wanted_of_its_version_and_a_clean_one_is_not_wanted() -> None:
    clean = replace(found("01"), head=_made_of(found("01")))

    assert batches_of([clean], POLICY, NOW_MS) == []
    ((wanted,),) = batches_of([clean], POLICY, NOW_MS, forced=True)
    assert (wanted.version, wanted.forced, wanted.repair) == (1, True, False)


def test_an_hour_that_somebody_died_over_is_finished() -> None:
    begun = replace(found("01"), head=_made_of(found("01")), underway="etag")

    ((wanted,),) = batches_of([begun], POLICY, NOW_MS)

    assert wanted.forced


def test_an_hour_that_is_published_otherwise_than_the_ledger_says_is_repaired() -> None:
    wrong = replace(found("01"), head=_made_of(found("01")), differing=("curated/x",))

    ((wanted,),) = batches_of([wrong], POLICY, NOW_MS)

    assert wanted.repair


def test_what_one_task_hands_to_the_next_comes_back_as_it_was() -> None:
    batches = batches_of([found(f"{n:02}") for n in range(5)], POLICY, NOW_MS)

    assert from_json(to_json(batches)) == batches


def test_a_batch_is_cut_in_two() -> None:
    (batch,) = batches_of([found("01"), found("02"), found("03")], POLICY, NOW_MS)

    assert names(list(halves(batch))) == [["01"], ["02", "03"]]


def _made_of(hour: FoundHour) -> LedgerEntry:
    inputs = tuple(RawInput(item.key, item.etag) for item in hour.inputs.values())
    return ledger_entry("rates", hour.hour.at, inputs=inputs)


PATIENCE = Patience(park_after=2, parked_s=100.0)


def run(state: str, started_s: int, batch_id: str = "b") -> GlueRun:
    return GlueRun(f"jr_{started_s}", state, batch_id, f"{started_s}000-x", None, 1)


@pytest.mark.parametrize(
    ("hours", "runs", "expected"),
    [
        (2, [], "run"),
        (2, [run("FAILED", 1, "another")], "run"),
        (2, [run("FAILED", 1), run("RUNNING", 2)], "run"),
        (2, [run("TIMEOUT", 1)], "halve"),
        (1, [run("FAILED", 1)], "run"),
        (1, [run("FAILED", 1), run("ERROR", 950)], "park"),
        (1, [run("FAILED", 1), run("EXPIRED", 899)], "run"),
    ],
)
def test_what_earlier_runs_say(hours: int, runs: list[GlueRun], expected: str) -> None:
    assert next_of("b", hours, runs, PATIENCE, 1000.0) == expected


def rule(hard: bool, evaluated: int, failed: int) -> RuleCount:
    return RuleCount("rates", "rate_id_usable", "validity", hard, evaluated, failed)


@pytest.mark.parametrize(
    ("counts", "is_held"),
    [
        (rule(True, 100, 1), False),
        (rule(True, 100, 2), True),
        (rule(False, 100, 99), False),
        (rule(True, 0, 0), False),
    ],
)
def test_only_hard_rules_that_fail_too_often_hold_an_hour(
    counts: RuleCount, is_held: bool
) -> None:
    entry = ledger_entry("rates", Hour(DAY, "01"), quality=(counts,))

    assert bool(too_many_failures(entry, 0.01)) is is_held
