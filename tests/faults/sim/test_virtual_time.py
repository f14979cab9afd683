"""The simulated clock itself: time jumps, the frozen hold still, the killed say nothing."""

import asyncio
import time

import pytest

from tests.labs.sim.clock import Process, SimLoop, in_virtual_time


def test_an_hour_takes_no_time() -> None:
    seen: list[float] = []

    async def main(loop: SimLoop) -> None:
        await asyncio.sleep(3600)
        seen.append(loop.time())

    began = time.monotonic()
    in_virtual_time(main)

    assert seen == [3600.0]
    assert time.monotonic() - began < 60


def test_a_frozen_process_goes_on_where_it_was_and_late() -> None:
    seen: list[float] = []

    async def work(loop: SimLoop) -> None:
        async with asyncio.TaskGroup() as tasks:
            # Tasks that it starts itself are frozen with it.
            tasks.create_task(asyncio.sleep(1))
        seen.append(loop.time())

    async def main(loop: SimLoop) -> None:
        process = Process("sleeper")
        task = loop.spawn(process, work(loop))
        await asyncio.sleep(0.5)
        process.is_frozen = True
        await asyncio.sleep(10)
        assert seen == []
        loop.thaw(process)
        await task

    in_virtual_time(main)

    assert seen == [10.5]


def test_a_killed_process_runs_no_farewell() -> None:
    said: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(1)
        finally:
            said.append("farewell")

    async def main(loop: SimLoop) -> None:
        process = Process("victim")
        task = loop.spawn(process, work())
        await asyncio.sleep(0.5)
        process.is_dead = True
        await asyncio.sleep(10)
        assert said == []
        loop.thaw(process)  # only so that no task is left behind
        await task

    in_virtual_time(main)


def test_a_deadlock_is_an_error_and_no_endless_wait() -> None:
    async def main(loop: SimLoop) -> None:
        await loop.create_future()

    with pytest.raises(RuntimeError, match="deadlock"):
        in_virtual_time(main)
