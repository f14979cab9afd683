"""What is asked again, under which token: throttles, lost replies, queries that others stopped."""

import asyncio

import pytest

from coinlake.errors import TransientError, Trouble
from query_api.core.answers import ExecutionState
from query_api.core.engine_errors import NoSlotError
from query_api.core.look_times import LookPace
from query_api.core.problems import ProblemError, query_failed, result_gone
from query_api.core.question import Sharing
from query_api.loop.athena_side import ExecutionPace
from query_api.loop.tokens import Tokens
from tests.labs.fake_athena import NOW_MS, FakeEngine, opened, question, sharing, until

KEPT = question(sharing=Sharing.KEPT)
SALTED = ExecutionPace(LookPace(0.001, 0.002), 1e6, 1e6, 1e6, 1.0, "a salt of all replicas")
FULL = NoSlotError("CONCURRENT_QUERY_LIMIT_EXCEEDED")


async def test_a_full_athena_is_asked_again_as_soon_as_a_query_of_ours_has_ended() -> None:
    engine = FakeEngine()
    async with sharing(engine, running=2) as asking, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(asking.fetch(question("first")))
        await until(lambda: engine.all)
        engine.refusals = [FULL]
        second = tasks.create_task(asking.fetch(question("second")))
        await until(lambda: not engine.refusals)
        waiting = len(engine.sent)
        engine.end()
        await until(lambda: len(engine.sent) == 2)
        engine.end()

    assert waiting == 1
    assert first.done()
    assert second.result().records() == [{"a": 1}]
    assert asking.metrics.throttled.labels("concurrency")._value.get() == 1
    assert asking.metrics.throttled.labels("rate")._value.get() == 0


async def test_too_many_calls_are_another_throttle_and_back_off() -> None:
    engine = FakeEngine()
    engine.refusals = [TransientError("ThrottlingException", Trouble.THROTTLED)] * 3
    async with sharing(engine) as asking, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(asking.fetch(KEPT))
        await until(lambda: engine.all)
        engine.end()

    assert asked.result().records() == [{"a": 1}]
    assert asking.metrics.throttled.labels("rate")._value.get() == 3


async def test_who_leaves_while_athena_is_full_starts_nothing() -> None:
    engine = FakeEngine()
    engine.refusals = [FULL] * 100
    async with sharing(engine) as asking, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(asking.fetch(KEPT))
        await until(lambda: len(engine.refusals) < 100)
        asked.cancel()
        await until(lambda: not asking.runs.active)

    assert engine.sent == []
    assert asking.metrics.stop_failures._value.get() == 0


async def test_a_query_that_another_party_stops_is_asked_once_more() -> None:
    engine = FakeEngine()
    async with sharing(engine) as asking, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(asking.fetch(KEPT))
        await until(lambda: engine.looks)
        engine.end("CANCELLED", "Query was cancelled by user")
        await until(lambda: len(engine.all) == 2)
        engine.end()

    assert asked.result().records() == [{"a": 1}]
    assert len(set(engine.started)) == 2


async def test_one_that_is_stopped_again_and_again_ends_as_cancelled() -> None:
    engine = FakeEngine()
    async with opened(engine) as runs:
        run = runs.submit(question(), deadline_s=5, payer="me")
        for number in (1, 2):
            await until(lambda number=number: len(engine.all) == number)  # type: ignore[misc]
            engine.end("CANCELLED", "Query was cancelled by user")
        await run.finished.wait()

    assert run.problem is not None
    assert run.problem.kind == "cancelled"
    assert len(engine.started) == 2


async def test_dead_queries_of_the_same_token_are_passed_over() -> None:
    engine = FakeEngine()
    tokens = Tokens(SALTED.token_salt, engine.where, lambda: "own")
    # Another replica asked the same three times, and all of its clients left.
    for number in range(3):
        engine.started[tokens.token(KEPT)] = f"dead-{number}"
        engine.states[f"dead-{number}"] = ExecutionState(
            "CANCELLED", "stopped", submitted_ms=NOW_MS - 60_000
        )
        tokens.spend(KEPT)
    async with sharing(engine, pace=SALTED) as asking, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(asking.fetch(KEPT))
        await until(lambda: engine.sent)
        engine.end()

    assert asked.result().records() == [{"a": 1}]
    assert len(engine.sent) == 1


async def test_two_processes_with_one_salt_start_one_query_and_with_two_salts_two() -> None:
    engine = FakeEngine()
    other = ExecutionPace(LookPace(0.001, 0.002), 1e6, 1e6, 1e6, 1.0, "another salt")
    async with (
        sharing(engine, pace=SALTED) as one,
        sharing(engine, pace=SALTED) as two,
        sharing(engine, pace=other) as three,
        asyncio.TaskGroup() as tasks,
    ):
        for process in (one, two):
            tasks.create_task(process.fetch(KEPT))
        await until(lambda: len(two.runs.active) == len(one.runs.active) == 1)
        await until(lambda: engine.looks)
        shared = len(engine.sent)
        tasks.create_task(three.fetch(KEPT))
        await until(lambda: len(engine.sent) == 2)
        engine.end()

    assert shared == 1


async def test_a_question_whose_rows_do_not_follow_from_its_version_has_a_token_of_its_own() -> (
    None
):
    engine = FakeEngine()
    live = question(sharing=Sharing.RUNNING)
    async with (
        sharing(engine, pace=SALTED) as one,
        sharing(engine, pace=SALTED) as two,
        asyncio.TaskGroup() as tasks,
    ):
        for process in (one, two):
            tasks.create_task(process.fetch(live))
        await until(lambda: len(engine.all) == 2)
        engine.end()

    assert len(engine.sent) == 2


async def test_a_statement_that_is_wrong_is_wrong_once() -> None:
    engine = FakeEngine()
    async with opened(engine, pace=SALTED) as runs:
        run = runs.submit(KEPT, deadline_s=5, payer="me")
        await until(lambda: engine.all)
        engine.end("FAILED", "SYNTAX_ERROR: line 1", category=2)
        await run.finished.wait()

    assert run.problem is not None
    assert run.problem.kind == "query_failed"
    assert len(engine.started) == 1


async def test_what_athena_refuses_is_not_stopped() -> None:
    engine = FakeEngine()
    engine.refusals = [query_failed("no")]
    async with sharing(engine) as asking:
        with pytest.raises(ProblemError):
            await asking.fetch(KEPT)

    assert engine.started == {}


async def test_rows_that_have_expired_are_asked_anew() -> None:
    engine = FakeEngine()
    engine.row_errors = [result_gone()]
    async with sharing(engine, pace=SALTED) as asking, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(asking.fetch(KEPT))
        await until(lambda: engine.all)
        engine.end()
        await until(lambda: len(engine.all) == 2)
        engine.end()

    assert asked.result().records() == [{"a": 1}]


async def test_rows_that_are_gone_twice_are_told_as_gone() -> None:
    engine = FakeEngine()
    engine.row_errors = [result_gone()] * 2
    async with opened(engine, pace=SALTED) as runs:
        run = runs.submit(KEPT, deadline_s=5, payer="me")
        for number in (1, 2):
            await until(lambda number=number: len(engine.all) == number)  # type: ignore[misc]
            engine.end()
        await run.finished.wait()

    assert run.problem is not None
    assert run.problem.status == 410


async def test_one_of_ours_that_fails_by_itself_is_not_paid_again() -> None:
    engine = FakeEngine()
    async with opened(engine, pace=SALTED) as runs:
        run = runs.submit(KEPT, deadline_s=5, payer="me")
        await until(lambda: engine.all)
        engine.states["execution-0"] = ExecutionState(
            "FAILED", "EXCEEDED_MEMORY_LIMIT", 1, submitted_ms=NOW_MS
        )
        await run.finished.wait()
        again = runs.submit(KEPT, deadline_s=5, payer="me")
        await until(lambda: len(engine.all) == 2)
        engine.end()
        await again.finished.wait()

    # Nor is the failure pinned to the question: who asks anew gets another attempt.
    assert run.problem is not None
    assert again.state == "SUCCEEDED"
    assert len(engine.sent) == 2
