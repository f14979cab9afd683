"""A key's requests take turns with each other, and nobody waits for another key's."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from query_api.loop import in_hand
from query_api.loop.in_hand import RequestsInHand, out_of_hand

TURNS = 50


async def settled() -> None:
    """All that can go on without time passing has."""
    for _ in range(TURNS):
        await asyncio.sleep(0)


class Requests:
    """Requests that say when they are worked on, and end when they are told."""

    def __init__(self, in_hand: RequestsInHand) -> None:
        self.in_hand = in_hand
        self.begun: list[str] = []
        self.end = asyncio.Event()
        self.waits = asyncio.Event()

    async def work(self, asker: str, name: str) -> None:
        async with self.in_hand.hold(asker):
            self.begun.append(name)
            await self.end.wait()

    async def wait(self, asker: str, name: str) -> None:
        """Waits for something else, and works after that."""
        async with self.in_hand.hold(asker):
            async with out_of_hand():
                await self.waits.wait()
            self.begun.append(name)
            await self.end.wait()


async def test_so_many_of_a_key_are_worked_on_and_its_others_wait_in_their_order() -> None:
    mine = Requests(RequestsInHand(2))
    tasks = [asyncio.create_task(mine.work("loud", f"{number}")) for number in range(5)]
    await settled()

    assert mine.begun == ["0", "1"]
    mine.end.set()
    await asyncio.gather(*tasks)
    assert mine.begun == ["0", "1", "2", "3", "4"]
    assert mine.in_hand.askers == 0


async def test_another_key_waits_for_none_of_them() -> None:
    mine = Requests(RequestsInHand(1))
    loud = [asyncio.create_task(mine.work("loud", "loud")) for _ in range(8)]
    await settled()
    quiet = asyncio.create_task(mine.work("quiet", "quiet"))
    await settled()

    assert mine.begun == ["loud", "quiet"]
    mine.end.set()
    await asyncio.gather(quiet, *loud)


async def test_who_waits_for_something_else_leaves_its_place_to_the_next() -> None:
    mine = Requests(RequestsInHand(1))
    waiting = asyncio.create_task(mine.wait("one", "after its wait"))
    await settled()
    working = asyncio.create_task(mine.work("one", "meanwhile"))
    await settled()
    assert mine.begun == ["meanwhile"]

    # Its wait is over, and there is no place: it comes back when there is one.
    mine.waits.set()
    await settled()
    assert mine.begun == ["meanwhile"]
    mine.end.set()
    await asyncio.gather(waiting, working)
    assert mine.begun == ["meanwhile", "after its wait"]


async def test_a_wait_that_fails_gives_its_place_up_once() -> None:
    in_hand = RequestsInHand(1)

    async def refused() -> None:
        async with in_hand.hold("one"), out_of_hand():
            raise ValueError

    for _ in range(3):
        with suppress(ValueError):
            await refused()
    mine = Requests(in_hand)
    tasks = [asyncio.create_task(mine.work("one", "work")) for _ in range(2)]
    await settled()

    assert mine.begun == ["work"]
    mine.end.set()
    await asyncio.gather(*tasks)


async def test_a_query_of_its_own_task_gives_up_nobodys_place() -> None:
    mine = Requests(RequestsInHand(1))

    async def query() -> None:
        async with out_of_hand():
            await mine.end.wait()

    async def request() -> None:
        async with mine.in_hand.hold("one"):
            mine.begun.append("request")
            # Its context is the request's, as a query's that a request begins.
            await asyncio.create_task(query())

    tasks = [asyncio.create_task(request()) for _ in range(2)]
    await settled()

    assert mine.begun == ["request"]
    mine.end.set()
    await asyncio.gather(*tasks)


async def test_who_is_at_it_for_long_is_in_nobodys_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_hand, "_LONGEST_HOLD_S", 0.01)
    mine = Requests(RequestsInHand(1))
    tasks = [asyncio.create_task(mine.work("one", f"{number}")) for number in range(3)]

    for _ in range(1000):
        if len(mine.begun) == 3:
            break
        await asyncio.sleep(0.01)
    assert mine.begun == ["0", "1", "2"]
    mine.end.set()
    await asyncio.gather(*tasks)
    assert mine.in_hand.askers == 0


async def test_a_client_that_leaves_while_it_waits_leaves_nothing() -> None:
    mine = Requests(RequestsInHand(1))
    working = asyncio.create_task(mine.work("one", "first"))
    await settled()
    leaving = asyncio.create_task(mine.work("one", "gone"))
    await settled()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)
    last = asyncio.create_task(mine.work("one", "last"))
    mine.end.set()
    await asyncio.gather(working, last)

    assert mine.begun == ["first", "last"]
    assert mine.in_hand.askers == 0


async def pauses(askers: list[str], monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long places rested of these askers' requests, the last of which waits for Athena."""
    mine, found = Requests(RequestsInHand(1)), list[float]()

    later = asyncio.get_running_loop().call_later

    def rests(seconds: float, do: Callable[[], None]) -> asyncio.TimerHandle | None:
        if seconds == in_hand._LONGEST_HOLD_S:
            return later(seconds, do)
        found.append(seconds)
        do()
        return None

    tasks = [asyncio.create_task(mine.work(asker, asker)) for asker in askers[:-1]]
    tasks.append(asyncio.create_task(mine.wait(askers[-1], "waits")))
    await settled()
    with monkeypatch.context() as patch:
        patch.setattr(asyncio.get_running_loop(), "call_later", rests)
        mine.end.set()
        await settled()
    mine.waits.set()
    await asyncio.gather(*tasks)
    return found


async def test_a_place_rests_while_others_of_its_key_want_it_and_somebody_else_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert len(await pauses(["loud", "loud", "quiet"], monkeypatch)) == 1
    assert await pauses(["loud", "quiet"], monkeypatch) == []
    assert await pauses(["loud", "loud", "loud"], monkeypatch) == []
