"""Twenty seeds of the simulation, for every commit; `make sim` plays thousands."""

from collections.abc import Iterator

import pytest

from tests.labs.seeds import quiet
from tests.labs.sim.play import run


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with quiet():
        yield


@pytest.mark.parametrize("seed", range(1000, 1020))
def test_a_simulated_run_stores_each_record_once(seed: int) -> None:
    verdict = run(seed)

    assert not verdict.violations, "\n".join(verdict.timeline)
    assert verdict.counted["objects"] > 0
