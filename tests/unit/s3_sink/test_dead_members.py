"""Which members of the group are dead: their tasks have ended, and nothing starts them again."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from s3_sink.adapters.source import _is_dead


async def _ends(error: Exception | None) -> None:
    if error is not None:
        raise error


async def _task(how: str) -> asyncio.Task[None] | None:
    if how == "none":
        return None
    if how == "running":
        return asyncio.create_task(asyncio.sleep(60))
    task = asyncio.create_task(_ends(KeyError("an answer") if how == "failed" else None))
    if how == "cancelled":
        task.cancel()
    await asyncio.wait([task])
    return task


@pytest.mark.parametrize(
    ("keeping", "beating", "is_dead"),
    [
        ("running", "running", False),
        # Between two generations there is no heartbeat, or one that was ended on purpose.
        ("running", "none", False),
        ("running", "cancelled", False),
        ("running", "returned", False),
        ("running", "failed", True),
        ("failed", "running", True),
        ("none", "none", True),
    ],
)
async def test_a_member_is_dead_when_a_task_that_keeps_it_has_failed(
    keeping: str, beating: str, is_dead: bool
) -> None:
    tasks = [await _task(keeping), await _task(beating)]
    coordinator = SimpleNamespace(_coordination_task=tasks[0], _heartbeat_task=tasks[1])
    consumer: Any = SimpleNamespace(_coordinator=coordinator)

    found = _is_dead(consumer)
    for task in tasks:
        if task is not None:
            task.cancel()
            if task.done() and not task.cancelled():
                task.exception()

    assert found == is_dead
