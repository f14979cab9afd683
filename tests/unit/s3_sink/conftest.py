"""The world that the tests of the sink's core share, see `world`."""

from collections.abc import Callable

import pytest

from tests.unit.s3_sink.world import World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def worlds() -> Callable[..., World]:
    """Makes worlds: `worlds(bucket=…, network=…, log=…)`."""
    return World
