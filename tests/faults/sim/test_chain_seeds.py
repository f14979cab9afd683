"""The sink under a seeded simulation: seeds hold, broken variants do not, runs repeat."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.labs.seeds import CONTROL_SEEDS, first_red, quiet, smallest_red
from tests.labs.sim.__main__ import WORLDS
from tests.labs.sim.controls import controls
from tests.labs.sim.play import run, run_named

ROOT = Path(__file__).resolve().parents[3]
SINK = WORLDS["sink"]
SEEDS = range(500)
# One test each: a failing one names its fifty seeds, and the report shows where time goes.
BLOCK = 50


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with quiet():
        yield


@pytest.mark.parametrize("first", range(SEEDS.start, SEEDS.stop, BLOCK))
def test_every_record_is_stored_once_whatever_happens(first: int) -> None:
    for seed in range(first, first + BLOCK):
        verdict = run(seed)

        told = "\n".join((*verdict.timeline, *verdict.violations))
        assert not verdict.violations, f"python -m tests.labs.sim --replay {seed}\n{told}"


@pytest.mark.parametrize("name", controls())
def test_a_sink_without_one_of_its_rules_is_caught(name: str) -> None:
    red = first_red(SINK, name, range(CONTROL_SEEDS))

    assert red is not None
    assert red.violations


def test_a_seed_is_replayed_identically_in_another_process() -> None:
    seeds = range(40, 50)
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "from tests.labs.seeds import quiet\n"
            "from tests.labs.sim.play import run\n"
            "with quiet():\n"
            f"    print(*[run(seed).digest for seed in range({seeds.start}, {seeds.stop})])",
        ],
        cwd=ROOT,
        # Another hash seed: nothing may depend on the order of a set of strings.
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    digests = [run(seed).digest for seed in seeds]

    assert said.split() == digests


def test_a_failing_seed_of_a_broken_variant_fails_again_in_the_same_way() -> None:
    red = first_red(SINK, "two-in-flight", range(CONTROL_SEEDS))
    assert red is not None

    again = run_named(red.seed, "two-in-flight", None)

    assert (again.digest, again.violations) == (red.digest, red.violations)


def test_a_failing_seed_is_shrunk_to_the_events_that_it_needs() -> None:
    red = first_red(SINK, "any-end", range(CONTROL_SEEDS))
    assert red is not None

    numbers = smallest_red(SINK, red, "any-end")
    again = run_named(red.seed, "any-end", numbers)

    # What makes it red is that the log is truncated; whatever else was drawn can be spared.
    assert [red.events[number - 1].split()[2] for number in numbers] == ["truncate"]
    assert again.kinds == red.kinds
