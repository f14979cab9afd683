"""A start waits for what is away, says for what, and ends when it is told to stop."""

import asyncio

import pytest

from coinlake.errors import ConfigError, TransientError
from s3_sink.loop.starting import StartAttempts, unless_stopped


class Start:
    """A start whose dependency is away for so many tries."""

    def __init__(self, fails: int) -> None:
        self.fails = fails
        self.beats = 0
        self.waits: list[int] = []
        self.reasons: list[str] = []
        self.attempts = StartAttempts(self._beat, self._wait, self.reasons.append)

    def _beat(self) -> None:
        self.beats += 1

    async def _wait(self, attempt: int) -> None:
        self.waits.append(attempt)
        await asyncio.sleep(0)

    async def connect(self) -> str:
        if self.fails:
            self.fails -= 1
            raise TransientError("no broker answers")
        return "connected"


async def test_what_is_away_is_tried_again_until_it_is_there() -> None:
    start = Start(fails=3)

    assert await start.attempts.until_reached("kafka", start.connect) == "connected"
    assert start.waits == [0, 1, 2]
    assert start.reasons == ["kafka: no broker answers"] * 3
    # The process is alive while it waits: each try is a beat.
    assert start.beats == 4


async def test_what_no_wait_mends_ends_the_start() -> None:
    start = Start(fails=0)

    async def refuse() -> None:
        raise ConfigError("the store ignores If-None-Match")

    with pytest.raises(ConfigError, match="If-None-Match"):
        await start.attempts.until_reached("store", refuse)
    assert start.waits == []


async def test_a_stop_ends_a_start_that_waits() -> None:
    start, stop = Start(fails=10**9), asyncio.Event()

    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        opening = tasks.create_task(
            unless_stopped(stop, start.attempts.until_reached("kafka", start.connect))
        )
        while len(start.waits) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0)
        stop.set()

    assert opening.result() is None


async def test_a_start_that_is_done_gives_what_it_opened() -> None:
    start = Start(fails=1)
    work = start.attempts.until_reached("kafka", start.connect)

    assert await unless_stopped(asyncio.Event(), work) == "connected"
