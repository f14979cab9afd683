"""How many members a group has, and when that is not known."""

from types import SimpleNamespace
from typing import Any

import pytest

from coinlake.errors import TransientError
from coinlake_tools.lake_log import KafkaLakeLog

NO_ERROR, LOADING, NOT_COORDINATOR = 0, 14, 16


def _log(code: int, *members: str) -> KafkaLakeLog:
    group = (code, "g", "Stable", "consumer", "range", list(members), -1)

    async def describe(groups: list[str]) -> list[SimpleNamespace]:
        return [SimpleNamespace(groups=[group])]

    admin = SimpleNamespace(describe_consumer_groups=describe)
    unused: Any = SimpleNamespace()
    return KafkaLakeLog(unused, unused, admin)


async def test_members_are_counted() -> None:
    assert await _log(NO_ERROR, "a", "b").members("g") == 2


@pytest.mark.parametrize("code", [LOADING, NOT_COORDINATOR])
async def test_a_coordinator_that_cannot_say_has_not_said_that_the_group_is_empty(
    code: int,
) -> None:
    with pytest.raises(TransientError):
        await _log(code).members("g")
