"""One poller for all: fifty ids a call, the calls within their budget, no query forgotten."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from prometheus_client import CollectorRegistry

from coinlake.errors import TransientError, Trouble
from query_api.core.answers import ExecutionState, LostExecution
from query_api.core.call_rate import CallRate
from query_api.core.look_times import LookPace, LookTimes
from query_api.core.problems import ProblemError
from query_api.loop.insist import Insistence
from query_api.loop.poller import ExecutionPoller, LookRates, open_poller
from query_api.metrics import QueryApiMetrics
from tests.labs.fake_athena import FakeEngine, until

DONE = ExecutionState("SUCCEEDED", total_ms=40)


@asynccontextmanager
async def polling(
    engine: FakeEngine, per_s: float = 1e6, burst: int = 1_000_000
) -> AsyncIterator[tuple[ExecutionPoller, QueryApiMetrics]]:
    metrics = QueryApiMetrics(CollectorRegistry())
    times = LookTimes(LookPace(0.001, 0.01))
    insistence = Insistence(metrics, random.Random(1))
    rates = LookRates(CallRate(1e-6, 1), CallRate(per_s, burst))
    rates.single.take(asyncio.get_running_loop().time())
    async with open_poller(engine, times, rates, insistence) as poller:
        yield poller, metrics


def waiting(
    poller: ExecutionPoller,
    ids: list[str],
    tasks: asyncio.TaskGroup,
    states: list[str] | None = None,
) -> list[asyncio.Task[ExecutionState]]:
    now_s = asyncio.get_running_loop().time()
    seen = [] if states is None else states
    return [
        tasks.create_task(poller.ended(one, f"sql of {one}", now_s, seen.append)) for one in ids
    ]


async def test_many_queries_are_asked_about_fifty_at_a_time() -> None:
    engine = FakeEngine()
    ids = [f"q{number}" for number in range(120)]
    engine.states = dict.fromkeys(ids, DONE)
    async with polling(engine) as (poller, _), asyncio.TaskGroup() as tasks:
        ended = waiting(poller, ids, tasks)

    assert [task.result() for task in ended] == [DONE] * 120
    assert sorted(one for look in engine.looks for one in look) == sorted(ids)
    assert sorted(map(len, engine.looks)) == [20, 50, 50]


async def test_running_may_go_back_to_queued_and_is_waited_for() -> None:
    engine, states = FakeEngine(), list[str]()
    engine.states["q"] = ExecutionState("RUNNING")
    async with polling(engine) as (poller, _), asyncio.TaskGroup() as tasks:
        (ended,) = waiting(poller, ["q"], tasks, states)
        await until(lambda: "RUNNING" in states)
        engine.states["q"] = ExecutionState("QUEUED")
        await until(lambda: "QUEUED" in states)
        engine.states["q"] = DONE

    assert ended.result() == DONE
    assert len(engine.looks) >= 3


async def test_one_that_athena_does_not_tell_of_is_an_error_with_its_reason() -> None:
    engine = FakeEngine()
    engine.states = {"lost": LostExecution("INVALID_QUERY_EXECUTION_ID", "no such"), "q": DONE}
    async with polling(engine) as (poller, _):
        with pytest.raises(ProblemError, match="INVALID_QUERY_EXECUTION_ID") as refused:
            await poller.ended("lost", "sql", 0.0, lambda _: None)
        other = await poller.ended("q", "sql", 0.0, lambda _: None)

    assert refused.value.problem.status == 503
    assert other == DONE


async def test_one_that_is_not_known_at_first_is_waited_for() -> None:
    engine = FakeEngine()
    engine.states["q"] = LostExecution("INVALID_QUERY_EXECUTION_ID", "not yet")
    async with polling(engine) as (poller, _), asyncio.TaskGroup() as tasks:
        (ended,) = waiting(poller, ["q"], tasks)
        await until(lambda: engine.looks)
        engine.states["q"] = DONE

    assert ended.result() == DONE


async def test_a_throttled_look_is_repeated_later_for_all_and_counted_as_rate() -> None:
    engine = FakeEngine()
    engine.states = {"a": DONE, "b": DONE}
    engine.look_errors = [
        TransientError("slow down", Trouble.THROTTLED),
        TransientError("away"),
    ]
    async with polling(engine) as (poller, metrics), asyncio.TaskGroup() as tasks:
        ended = waiting(poller, ["a", "b"], tasks)

    assert [task.result() for task in ended] == [DONE, DONE]
    assert metrics.throttled.labels("rate")._value.get() == 1
    assert metrics.throttled.labels("concurrency")._value.get() == 0


async def test_who_leaves_is_not_asked_about_again() -> None:
    engine = FakeEngine()
    engine.states = {"a": ExecutionState("RUNNING"), "b": ExecutionState("RUNNING")}
    async with polling(engine) as (poller, _), asyncio.TaskGroup() as tasks:
        left, stays = waiting(poller, ["a", "b"], tasks)
        await until(lambda: engine.looks)
        left.cancel()
        await until(left.done)
        before = len(engine.looks)
        await until(lambda: len(engine.looks) > before + 3)
        later = engine.looks[before + 2 :]
        engine.states["b"] = DONE

    assert stays.result() == DONE
    assert all(look == ["b"] for look in later)


async def test_a_budget_that_is_used_up_makes_fewer_calls_of_more_queries() -> None:
    engine = FakeEngine()
    ids = [f"q{number}" for number in range(10)]
    engine.states = dict.fromkeys(ids, ExecutionState("RUNNING"))
    loop = asyncio.get_running_loop()
    async with polling(engine, per_s=20, burst=1) as (poller, _), asyncio.TaskGroup() as tasks:
        began_s = loop.time()
        ended = waiting(poller, ids, tasks)
        await until(lambda: len(engine.looks) >= 4)
        took_s = loop.time() - began_s
        engine.states = dict.fromkeys(ids, DONE)

    assert all(task.result() == DONE for task in ended)
    # Three calls after the first, each a twentieth of a second after the other, whatever was due.
    assert took_s >= 0.14


def test_a_bucket_of_calls_lets_a_burst_through_and_then_its_rate() -> None:
    rate = CallRate(10, 2)
    ready = rate.ready_in(0.0)

    waits = [rate.take(0.0) for _ in range(4)]
    later = rate.take(10.0)

    assert waits == [0.0, 0.0, pytest.approx(0.1), pytest.approx(0.2)]
    assert ready == later == 0.0
    assert rate.ready_in(10.0) == 0.0
    assert CallRate(10, 1).ready_in(0.0) == 0.0


def test_the_first_look_comes_when_the_last_ones_like_it_had_ended() -> None:
    times = LookTimes(LookPace(0.05, 1.0))
    fresh = times.first_s("a")
    for took_s in (0.3, 0.2, 0.9, 0.25, 0.22):
        times.note("a", took_s)

    assert fresh == 0.05
    assert times.first_s("a") == 0.22
    assert times.first_s("b") == 0.05


def test_looks_grow_apart_with_the_age_of_a_query_up_to_the_cap() -> None:
    times = LookTimes(LookPace(0.05, 1.0))

    waits = [times.next_s(age) for age in (0.0, 0.1, 1.0, 100.0)]

    assert waits == sorted(waits)
    assert waits[0] > 0
    assert waits[-1] == 1.0


def test_what_is_known_of_statements_is_bounded() -> None:
    times = LookTimes(LookPace(0.05, 1.0))
    for number in range(10_000):
        times.note(str(number), 0.4)

    assert len(times._took_s) == 512
    assert times.first_s("9999") == 0.4


def test_one_is_looked_at_alone_and_many_together_while_both_budgets_last() -> None:
    rates = LookRates(single=CallRate(10, 1), batch=CallRate(10, 1))

    one = rates.book(1, 0.0)
    one_more = rates.book(1, 0.0)
    none_left = rates.book(7, 0.0)
    many = rates.book(7, 1.0)
    many_more = rates.book(7, 1.0)

    assert (one, one_more) == ((1, 0.0), (50, 0.0))
    assert none_left[0] == 0
    assert none_left[1] == pytest.approx(0.1)
    assert (many, many_more) == ((50, 0.0), (1, 0.0))
