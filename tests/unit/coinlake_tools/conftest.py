"""A lake in memory for the commands, see `lake`."""

import pytest

from tests.unit.coinlake_tools.lake import Lake


@pytest.fixture
async def lake() -> Lake:
    made = Lake()
    await made.fill()
    return made
