"""The runner in its simulated world: a share of the seeds, and variants that must be caught."""

import pytest

from tests.labs.seeds import quiet
from tests.labs.sim_runner.play import run_named

# One test each: a failing one names its seeds, and the report shows where time goes.
SHARE = 25


@pytest.mark.parametrize("first", range(0, 20 * SHARE, SHARE))
def test_no_hour_is_lost_doubled_or_left_behind(first: int) -> None:
    with quiet():
        wrong = {
            seed: verdict.violations
            for seed in range(first, first + SHARE)
            if (verdict := run_named(seed)).violations
        }

    assert wrong == {}


@pytest.mark.parametrize(
    "control",
    [
        "one-ledger-stops-all",
        "promises-are-believed",
        "parked-for-ever",
        "partitions-unwatched",
    ],
)
def test_control_a_runner_without_its_rule_is_caught(control: str) -> None:
    with quiet():
        red = next(
            (one for seed in range(40) if (one := run_named(seed, control)).violations), None
        )

    assert red is not None


def test_the_same_seed_is_the_same_run() -> None:
    with quiet():
        assert run_named(7).digest == run_named(7).digest
