"""A world in memory and a runner over it."""

import pytest

from coinlake.testing import FakeClock
from tests.unit.etl_runner.runner import Runner
from tests.unit.etl_runner.world import HOUR, World, new_world


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(HOUR.start_ms / 1000 + 86_400)


@pytest.fixture
def runner(world: World, clock: FakeClock) -> Runner:
    return Runner(world, clock)
