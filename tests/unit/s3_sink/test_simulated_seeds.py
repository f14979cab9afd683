"""Twenty seeds of the simulation, for every commit; `make sim` plays thousands."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from tests.labs.sim.play import run


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@pytest.mark.parametrize("seed", range(1000, 1020))
def test_a_simulated_run_stores_each_record_once(seed: int) -> None:
    verdict = run(seed)

    assert not verdict.violations, "\n".join(verdict.timeline)
    assert verdict.objects > 0
