"""Runners killed and frozen at each call of a batch: F44, F45, and every other moment of it."""

import random
import time

import pytest

from tests.faults.etl_runner.conftest import Batch, Fault
from tests.labs.runners.calls import Side
from tests.labs.runners.world import How

SEED = 15


@pytest.mark.timeout(7200)
@pytest.mark.parametrize(
    ("how", "side"),
    [
        pytest.param("killed", "before", marks=pytest.mark.full_size),
        ("killed", "after"),
        pytest.param("frozen", "before", marks=pytest.mark.full_size),
        pytest.param("frozen", "after", marks=pytest.mark.full_size),
    ],
)
def test_f45_a_runner_disturbed_at_any_call_of_a_batch_changes_no_table(
    batch: Batch, fault: Fault, full_size: bool, how: How, side: Side
) -> None:
    """F44: kill the runner between SUCCEEDED and note: a re-run changes no checksum. F45: two
    runners: one manifest per batch. And so at each call that the batch makes to S3, Glue, Kafka."""
    cases = list(batch.calls)
    if not full_size:
        cases = [random.Random(f"{SEED} {how}").choice(cases)]
    started, wrong = time.monotonic(), []

    for call in cases:
        found = batch.world.disturbed(batch.start, call, side, how)
        wrong += [f"{how} {side} {call}: {said}" for said in found]

    fault(
        "F44, F45",
        f"{how} {side} each of {len(cases)} calls: the tables are those of an undisturbed batch; "
        f"{time.monotonic() - started:.0f} s",
    )
    assert wrong == []


@pytest.mark.full_size
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("how", ["killed", "frozen"])
def test_f45_f55_a_runner_disturbed_at_a_call_of_the_first_crawl_changes_no_table(
    first_batch: Batch, fault: Fault, how: How, side: Side
) -> None:
    """The calls that only the first batch of a lake makes: those to the crawler, and around them."""
    cases = [
        call for call in first_batch.calls if "Crawler" in call.name or "Table" in call.name
    ]
    assert len([call for call in cases if "StartCrawler" in call.name]) == 1

    wrong = [
        f"{how} {side} {call}: {said}"
        for call in cases
        for said in first_batch.world.disturbed(first_batch.start, call, side, how)
    ]

    fault("F45, F55", f"{how} {side} each of {len(cases)} calls around the first crawl")
    assert wrong == []
