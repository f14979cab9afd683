"""The life of queries over a fake Athena with memory."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry

from query_api.core.answers import ExecutionState
from query_api.core.problems import ProblemError
from query_api.metrics import QueryApiMetrics
from query_api.observe import bind_gauges
from tests.labs.fake_athena import FakeEngine, opened, question, sharing, until

ASKED = question()


async def test_a_query_gives_its_rows_and_costs() -> None:
    engine = FakeEngine()
    async with sharing(engine) as shared, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(shared.fetch(ASKED))
        await until(lambda: engine.all)
        engine.end()

    assert asked.result().records() == [{"a": 1}]


async def test_two_who_ask_the_same_share_one_query() -> None:
    engine = FakeEngine()
    async with sharing(engine) as shared, asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(shared.fetch(ASKED)) for _ in range(3)]
        await until(lambda: engine.all)
        engine.end()

    assert len(engine.started) == 1
    assert len({id(task.result()) for task in asked}) == 1


async def test_the_first_to_leave_stops_nothing_and_the_last_stops_the_query() -> None:
    engine = FakeEngine()
    async with sharing(engine) as shared, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(shared.fetch(ASKED))
        last = tasks.create_task(shared.fetch(ASKED))
        await until(lambda: engine.all)

        first.cancel()
        await until(first.done)
        after_first = list(engine.all)
        last.cancel()
        await until(lambda: engine.all == ["CANCELLED"])

    assert after_first == ["RUNNING"]


async def test_after_all_have_left_the_next_gets_a_query_of_its_own() -> None:
    engine = FakeEngine()
    async with sharing(engine) as shared, asyncio.TaskGroup() as tasks:
        left = tasks.create_task(shared.fetch(ASKED))
        await until(lambda: engine.all)
        left.cancel()
        await until(left.done)

        stays = tasks.create_task(shared.fetch(ASKED))
        await until(lambda: len(engine.all) == 2)
        engine.end()

    assert stays.result().records() == [{"a": 1}]


async def test_a_lost_reply_never_starts_a_second_query() -> None:
    engine = FakeEngine()
    engine.lose_replies = 2
    async with sharing(engine) as shared, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(shared.fetch(ASKED))
        await until(lambda: engine.all)
        engine.end()

    assert asked.result().records() == [{"a": 1}]
    assert len(engine.started) == 1


async def test_a_query_whose_id_is_not_known_yet_is_stopped_too() -> None:
    engine = FakeEngine()
    engine.hang_start = True
    async with sharing(engine) as shared, asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(shared.fetch(ASKED))
        await until(lambda: engine.all)

        asked.cancel()
        await until(lambda: engine.all == ["CANCELLED"])

    assert len(engine.started) == 1


async def test_beyond_the_queue_a_query_is_refused_and_a_free_place_is_taken() -> None:
    engine = FakeEngine()
    async with opened(engine, running=1, queued=1) as runs:
        first = runs.submit(ASKED, deadline_s=5, payer="me")
        second = runs.submit(ASKED, deadline_s=5, payer="me")
        with pytest.raises(ProblemError) as refused:
            runs.submit(ASKED, deadline_s=5, payer="me")
        await until(lambda: engine.all)
        in_athena = len(engine.started)
        runs.cancel(first)
        await until(lambda: len(engine.started) == 2)
        engine.end()
        await second.finished.wait()

    assert refused.value.problem.status == 429
    assert refused.value.problem.retry_after_s
    assert in_athena == 1
    assert (first.state, second.state) == ("CANCELLED", "SUCCEEDED")


async def test_the_gauges_tell_which_queries_hold_a_place_and_which_wait() -> None:
    engine, registry = FakeEngine(), CollectorRegistry()
    async with opened(engine, running=1, queued=2) as runs:
        bind_gauges(runs, QueryApiMetrics(registry))
        for _ in range(3):
            runs.submit(ASKED, deadline_s=5, payer="me")
        running = registry.get_sample_value("query_api_queries_running")
        queued = registry.get_sample_value("query_api_queries_queued")

    assert (running, queued) == (1, 2)
    assert registry.get_sample_value("query_api_queries_running") == 0


async def test_a_query_that_waits_for_a_place_is_cancelled_without_being_sent() -> None:
    engine = FakeEngine()
    async with opened(engine, running=1, queued=1) as runs:
        runs.submit(ASKED, deadline_s=5, payer="me")
        waiting = runs.submit(ASKED, deadline_s=5, payer="me")
        await until(lambda: engine.all)

        runs.cancel(waiting)
        await waiting.finished.wait()

    assert waiting.state == "CANCELLED"
    assert len(engine.started) == 1


async def test_a_query_beyond_its_deadline_is_stopped_and_billed() -> None:
    engine = FakeEngine()
    async with opened(engine) as runs:
        run = runs.submit(ASKED, deadline_s=0.02, payer="me")
        await run.finished.wait()

    assert run.problem is not None
    assert run.problem.status == 504
    assert engine.all == ["CANCELLED"]
    assert run.scans == [7]


async def test_a_failed_query_tells_the_reason() -> None:
    engine = FakeEngine()
    async with opened(engine) as runs:
        run = runs.submit(ASKED, deadline_s=5, payer="me")
        await until(lambda: engine.all)
        engine.end("FAILED", "line 1:8: Column 'x' cannot be resolved")
        await run.finished.wait()

    assert run.state == "FAILED"
    assert run.problem is not None
    assert "cannot be resolved" in run.problem.detail


async def test_at_the_end_everything_that_runs_is_stopped() -> None:
    engine = FakeEngine()
    async with opened(engine) as runs:
        run = runs.submit(ASKED, deadline_s=5, payer="me")
        await until(lambda: engine.all)

    assert engine.all == ["CANCELLED"]
    assert run.state == "CANCELLED"


async def test_a_torn_read_is_asked_once_more_and_both_are_billed() -> None:
    engine = FakeEngine()
    async with opened(engine) as runs:
        run = runs.submit(ASKED, deadline_s=5, payer="me")
        await until(lambda: engine.all)
        engine.end("FAILED", "HIVE_CANNOT_OPEN_SPLIT: s3://lake/x was replaced")
        await until(lambda: len(engine.all) == 2)
        engine.states["execution-1"] = ExecutionState("SUCCEEDED", scanned_bytes=6)
        await run.finished.wait()

    assert run.state == "SUCCEEDED"
    assert run.scans == [5, 6]


async def test_a_read_that_is_torn_twice_is_told_as_try_again() -> None:
    engine = FakeEngine()
    async with opened(engine) as runs:
        run = runs.submit(ASKED, deadline_s=5, payer="me")
        for number in (1, 2):
            await until(lambda number=number: len(engine.all) == number)  # type: ignore[misc]
            engine.end("FAILED", "HIVE_CANNOT_OPEN_SPLIT: s3://lake/x was replaced")
        await run.finished.wait()

    assert run.problem is not None
    assert run.problem.status == 503
    assert "s3://" not in run.problem.detail
