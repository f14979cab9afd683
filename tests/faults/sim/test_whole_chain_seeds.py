"""The chain as one world: a share of the seeds, and variants that must be caught."""

import pytest

from tests.labs.seeds import first_red, quiet, violated
from tests.labs.sim.__main__ import WORLDS
from tests.labs.sim_chain.play import run_named

CHAIN = WORLDS["chain"]
SHARE = 25


@pytest.mark.parametrize("first", range(0, 20 * SHARE, SHARE))
def test_what_was_answered_is_published_once_and_told_so(first: int) -> None:
    with quiet():
        wrong = violated(CHAIN, range(first, first + SHARE))

    assert wrong == {}


@pytest.mark.parametrize(
    "control",
    [
        "journal-forgotten",
        "restart-asks-nothing",
        "late-forgotten",
        "blind-audit",
        "blind-doctor",
    ],
)
def test_control_a_chain_without_its_rule_is_caught(control: str) -> None:
    with quiet():
        red = first_red(CHAIN, control, range(60))

    assert red is not None


def test_the_same_seed_is_the_same_run() -> None:
    with quiet():
        assert run_named(7).digest == run_named(7).digest
