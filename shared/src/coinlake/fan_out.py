"""One question to many: so many at a time, answers in order, and one reason where it fails."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


async def fan_out(
    ask: Callable[[Item], Awaitable[Answer]], items: Sequence[Item], at_once: int
) -> list[Answer]:
    """The answer for each item, in their order; at most `at_once` are asked at a time.

    Where one fails the others are cancelled and its own error is raised, not a group: they ask the
    same dependency, and callers decide by the class of its reason.
    """
    answers: dict[int, Answer] = {}
    left = iter(enumerate(items))

    async def work() -> None:
        for number, item in left:
            answers[number] = await ask(item)

    try:
        async with asyncio.TaskGroup() as tasks:
            for _ in range(min(at_once, len(items))):
                tasks.create_task(work())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from failed
    return [answers[number] for number in range(len(items))]
