"""One question to many at once."""

import asyncio

import pytest

from coinlake.errors import TransientError
from coinlake.fan_out import fan_out


async def test_answers_come_in_order_whoever_answers_first_and_never_more_are_asked() -> None:
    asked = most = 0

    async def ask(item: int) -> int:
        nonlocal asked, most
        asked += 1
        most = max(most, asked)
        for _ in range(10 - item):
            await asyncio.sleep(0)
        asked -= 1
        return item * item

    answers = await fan_out(ask, range(10), 3)

    assert answers == [item * item for item in range(10)]
    assert most == 3


async def test_nobody_to_ask_is_no_answer() -> None:
    async def ask(_: int) -> int:
        raise AssertionError

    assert await fan_out(ask, [], 3) == []


async def test_one_that_fails_is_the_reason_and_the_others_are_given_up() -> None:
    given_up: list[int] = []

    async def ask(item: int) -> None:
        if item == 1:
            raise TransientError("the store is away")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            given_up.append(item)
            raise

    with pytest.raises(TransientError, match="the store is away"):
        await fan_out(ask, range(5), 3)

    assert sorted(given_up) == [0, 2]  # a task group cancels in no order
