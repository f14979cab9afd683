"""Answers that serve more than one: who may share them, for how long, and who is missed when leaving."""

import asyncio
import string

from hypothesis import given
from hypothesis import strategies as st

from query_api.core.question import Question, Sharing
from query_api.core.results import KeptResults, ResultLimits
from query_api.core.statements import Statement
from tests.labs.fake_athena import FakeEngine, lake, question, sharing, until

KEPT = question(sharing=Sharing.KEPT)


async def answered(engine: FakeEngine, asked: Question, after: str = "v1") -> object:
    """Ask once and let it end; what is kept of it then."""
    async with sharing(engine) as asking, asyncio.TaskGroup() as tasks:
        tasks.create_task(asking.fetch(asked, lake(after)))
        await until(lambda: engine.all)
        engine.end()
        await until(lambda: not asking.runs.active)
        return asking.shared.kept(asked)


async def test_a_finished_answer_of_a_steady_lake_is_kept() -> None:
    assert await answered(FakeEngine(), KEPT) is not None


async def test_an_answer_over_a_lake_that_moved_is_of_no_version() -> None:
    assert await answered(FakeEngine(), KEPT, after="v2") is None


async def test_a_live_answer_is_not_kept() -> None:
    assert await answered(FakeEngine(), question(sharing=Sharing.RUNNING)) is None


async def test_a_question_of_the_clock_is_neither_shared_nor_kept() -> None:
    engine = FakeEngine()
    alone = question("SELECT now()", sharing=Sharing.ALONE)
    async with sharing(engine) as asking, asyncio.TaskGroup() as tasks:
        for _ in range(2):
            tasks.create_task(asking.fetch(alone))
        await until(lambda: len(engine.all) == 2)
        engine.end()
        await until(lambda: not asking.runs.active)
        kept = asking.shared.kept(alone)

    assert len(engine.sent) == 2
    assert kept is None


@given(
    st.lists(st.text(string.ascii_lowercase + "'\",", max_size=3), min_size=2, max_size=6),
)
async def test_questions_that_differ_in_a_value_never_share_a_query(values: list[str]) -> None:
    engine = FakeEngine()
    asked = [question("SELECT ?", value, sharing=Sharing.KEPT) for value in values]
    async with sharing(engine, running=10) as asking, asyncio.TaskGroup() as tasks:
        for one in asked:
            tasks.create_task(asking.fetch(one))
        await until(lambda: len(engine.all) == len(set(values)))
        engine.end()

    assert sorted(one.parameters[0] for one in engine.sent) == sorted(set(values))


async def test_keys_of_other_scopes_never_share() -> None:
    engine = FakeEngine()
    mine, theirs = (
        Question(Statement("S"), 1, "v1", Sharing.KEPT, frozenset(scopes))
        for scopes in (["read"], ["read", "sql"])
    )
    async with sharing(engine) as asking, asyncio.TaskGroup() as tasks:
        for one in (mine, theirs):
            tasks.create_task(asking.fetch(one))
        await until(lambda: len(engine.all) == 2)
        engine.end()

    assert len(engine.sent) == 2


async def test_nobody_joins_a_query_that_is_being_stopped() -> None:
    engine = FakeEngine()
    async with sharing(engine) as asking, asyncio.TaskGroup() as tasks:
        left = tasks.create_task(asking.fetch(KEPT))
        await until(lambda: engine.all)
        left.cancel()
        # At once, before the stop is through.
        stays = tasks.create_task(asking.fetch(KEPT))
        await until(lambda: len(engine.all) == 2)
        engine.end()

    assert stays.result().records() == [{"a": 1}]


async def test_of_a_hundred_who_leave_at_any_moment_no_query_is_left() -> None:
    engine = FakeEngine()
    async with sharing(engine, running=8, queued=200) as asking:
        before = len(asyncio.all_tasks())
        async with asyncio.TaskGroup() as tasks:
            asked = [
                tasks.create_task(asking.fetch(question("S", str(number % 7))))
                for number in range(100)
            ]
            for number, task in enumerate(asked):
                for _ in range(number % 5):
                    await asyncio.sleep(0)
                task.cancel()
        await until(lambda: not asking.runs.active)

    assert "RUNNING" not in engine.all
    # The three of the process itself: its poller, and what it waits for.
    assert len(asyncio.all_tasks()) <= before


def test_what_is_kept_is_bounded_by_entries_and_by_bytes_and_drops_the_oldest_use() -> None:
    kept: KeptResults[str] = KeptResults(ResultLimits(3, 100))
    for name in "abc":
        kept.put(name.encode(), name, 20)
    kept.get(b"a")
    kept.put(b"d", "d", 20)
    kept.put(b"large", "large", 26)
    after_entries = [kept.get(one) for one in (b"a", b"b", b"c", b"d", b"large")]
    kept.put(b"e", "e", 25)
    kept.put(b"f", "f", 25)
    kept.put(b"g", "g", 25)

    assert after_entries == ["a", None, "c", "d", None]
    assert len(kept) == 3
    assert kept.size_bytes == 75


def test_an_answer_that_is_put_again_counts_once() -> None:
    kept: KeptResults[str] = KeptResults(ResultLimits(3, 100))
    for size_bytes in (10, 20, 5):
        kept.put(b"a", "a", size_bytes)

    assert kept.size_bytes == 5
    assert len(kept) == 1


def test_without_memory_nothing_is_kept() -> None:
    kept: KeptResults[str] = KeptResults(ResultLimits(3, 0))
    kept.put(b"a", "a", 1)

    assert kept.get(b"a") is None
