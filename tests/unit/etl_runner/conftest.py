"""A world in memory and a runner over it."""

import pytest

from coinlake.testing import FakeClock
from tests.unit.etl_runner.runner import Runner
from tests.unit.etl_runner.world import World, new_world


@pytest.fixture
def world() -> World:
    return new_world()


@pytest.fixture
def clock(world: World) -> FakeClock:
    return world.clock


@pytest.fixture
def runner(world: World, clock: FakeClock) -> Runner:
    return Runner(world, clock)
