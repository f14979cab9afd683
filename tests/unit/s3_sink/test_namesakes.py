"""Two sinks under one instance id push each other out: that is told, and nothing else is."""

from collections.abc import Collection
from uuid import uuid4

import pytest

from coinlake.errors import TransientError
from s3_sink.adapters.namesake_watch import NamesakeWatch
from s3_sink.core.namesakes import SHARED


def _id(name: str = "ec2") -> str:
    """A static member's id as a broker makes it."""
    return f"{name}-{uuid4()}"


TOLD = SHARED.format(name="ec2")


class Scene:
    """A group whose members a test names, and a clock that goes five seconds with each look."""

    def __init__(self) -> None:
        self.given: Collection[str] | None = ()
        self.ids: list[str] = []
        self.now_s = 0.0
        self.watch = NamesakeWatch(self, lambda: self.ids, "ec2", lambda: self.now_s)

    async def members(self) -> Collection[str] | None:
        return self.given

    async def look(self, *members: str) -> str | None:
        self.given = members
        self.now_s += 5.0
        await self.watch.look()
        return self.watch.trouble


async def test_a_member_of_our_name_that_we_never_were_is_told_at_the_next_look() -> None:
    scene = Scene()
    scene.ids = [_id()]

    first = await scene.look(_id())
    second = await scene.look(scene.ids[0])

    assert (first, second) == (None, TOLD)


async def test_what_was_told_is_over_when_nobody_else_was_seen_for_a_minute() -> None:
    scene = Scene()
    scene.ids = [_id()]
    await scene.look(_id())

    told = [await scene.look(scene.ids[0]) for _ in range(14)]

    assert told == [TOLD] * 13 + [None]


async def test_an_id_that_we_get_to_know_after_the_broker_is_ours() -> None:
    scene = Scene()
    scene.ids, fresh = [_id()], _id()

    await scene.look(fresh)
    scene.ids.append(fresh)

    assert [await scene.look(fresh) for _ in range(3)] == [None] * 3


async def test_the_process_that_was_here_before_us_is_no_stranger() -> None:
    scene = Scene()
    await scene.look(_id())
    scene.ids = [_id()]

    assert [await scene.look(scene.ids[0]) for _ in range(3)] == [None] * 3


@pytest.mark.parametrize("other", ["ec2-b", "another", "ec"])
async def test_members_of_other_names_are_none_of_ours(other: str) -> None:
    scene = Scene()
    scene.ids = [_id()]

    assert [await scene.look(scene.ids[0], _id(other)) for _ in range(3)] == [None] * 3


async def test_while_the_group_is_settled_nobody_is_accused() -> None:
    scene = Scene()
    scene.ids = [_id()]
    scene.given = None

    await scene.watch.look()
    await scene.watch.look()

    assert scene.watch.trouble is None


async def test_a_coordinator_that_is_away_takes_nothing_back() -> None:
    scene = Scene()
    scene.ids = [_id()]
    await scene.look(_id())
    await scene.look(_id())

    async def away() -> Collection[str] | None:
        raise TransientError("the coordinator is away")

    scene.members = away  # type: ignore[method-assign]
    with pytest.raises(TransientError):
        await scene.watch.look()

    assert scene.watch.trouble == TOLD
