"""The runner in its simulated world: a share of the seeds, and variants that must be caught."""

import pytest

from tests.labs.seeds import first_red, quiet, violated
from tests.labs.sim.__main__ import WORLDS
from tests.labs.sim_runner.play import run_named

RUNNER = WORLDS["runner"]
# One test each: a failing one names its seeds, and the report shows where time goes.
SHARE = 25


@pytest.mark.parametrize("first", range(0, 20 * SHARE, SHARE))
def test_no_hour_is_lost_doubled_or_left_behind(first: int) -> None:
    with quiet():
        wrong = violated(RUNNER, range(first, first + SHARE))

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
        red = first_red(RUNNER, control, range(40))

    assert red is not None


def test_the_same_seed_is_the_same_run() -> None:
    with quiet():
        assert run_named(7).digest == run_named(7).digest
