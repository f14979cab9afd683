"""Answers while the lake moves: the ledger in a fake bucket, Athena as a fake with memory."""

import asyncio
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry

from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import Counts, Output, ledger_key
from query_api.adapters.ledger import LedgerReader, Staleness
from query_api.core.answers import ExecutionState
from query_api.core.coverage import Heads, newest_hours
from query_api.core.problems import ProblemError
from query_api.core.statements import Statement
from query_api.metrics import QueryApiMetrics
from query_api.routes.consistent_read import BoundedStatement, steady
from tests.labs.bucket import Bucket, BucketStore, Faults, store_in_memory
from tests.labs.fake_athena import FakeEngine
from tests.labs.ledger_entries import ledger_entry
from tests.labs.query_parts import open_parts

EIGHT, NINE, TEN = (Hour("2026-11-22", hour) for hour in ("08", "09", "10"))
NOW_MS = TEN.start_ms + 1


class CountingEngine(FakeEngine):
    """Each query gives its number as its row; `during` happens while the first one runs."""

    def __init__(self, during: Callable[[], None]) -> None:
        super().__init__()
        self._during = during

    async def start(self, statement: Statement, token: str) -> str:
        known = await super().start(statement, token)
        if len(self.sent) == 1:
            self._during()
        self.states[known] = ExecutionState("SUCCEEDED", scanned_bytes=3)
        return known


def body(hour: Hour, version: int) -> bytes:
    return ledger_entry(
        "assets",
        hour,
        version=version,
        outputs=(Output("quotes", "k", "e", 1, 2),),
        counts=Counts(1, 1, 0, 0, 0, 1, 1, 0, 0),
        min_received_ms=hour.start_ms,
        max_received_ms=hour.start_ms + 5,
        complete=True,
        closed_by="heartbeat",
        committed_at_ms=hour.end_ms,
        watermark_ms=hour.end_ms,
    ).encode()


async def commit(store: BucketStore, hour: Hour, version: int = 1) -> None:
    await store.put(ledger_key("assets", hour, version), body(hour, version))


def newest(heads: Heads) -> BoundedStatement | None:
    hours = newest_hours(heads, "assets", 1)
    return (
        BoundedStatement(Statement(f"SELECT {hours[0].hour}"), hours[0], hours[0], 1)
        if hours
        else None
    )


def nine(_: Heads) -> BoundedStatement | None:
    return BoundedStatement(Statement("SELECT 9"), NINE, NINE, 1)


async def ask(
    store: BucketStore,
    during: Callable[[], None],
    build: Callable[[Heads], BoundedStatement | None] = nine,
) -> tuple[list[str], list[int] | None]:
    """The statements that were sent, and the scans of the answer."""
    engine = CountingEngine(during)
    async with open_parts(store, engine, lambda: NOW_MS + len(store.bucket.puts)) as parts:
        result = (await steady(parts, build)).result
    sent = [statement.sql for statement in engine.sent]
    return sent, None if result is None else list(result.scans)


def publish(store: BucketStore, hour: Hour, version: int) -> Callable[[], None]:
    """Publishes at once when called, as another process would."""

    def now() -> None:
        coroutine = commit(store, hour, version)
        with pytest.raises(StopIteration):
            coroutine.send(None)

    return now


async def test_a_lake_that_stands_still_is_asked_once() -> None:
    store = store_in_memory()
    await commit(store, NINE)

    assert await ask(store, lambda: None) == (["SELECT 9"], [3])


async def test_an_hour_that_is_published_anew_meanwhile_is_asked_again_and_billed() -> None:
    store = store_in_memory()
    await commit(store, NINE)

    assert await ask(store, publish(store, NINE, 2)) == (["SELECT 9"] * 2, [3, 3])


async def test_another_hour_that_is_published_meanwhile_changes_nothing() -> None:
    store = store_in_memory()
    await commit(store, NINE)

    assert await ask(store, publish(store, EIGHT, 1)) == (["SELECT 9"], [3])


async def test_a_newer_hour_is_asked_where_the_newest_was_wanted() -> None:
    store = store_in_memory()
    await commit(store, NINE)

    sent, _ = await ask(store, publish(store, TEN, 1), newest)

    assert sent == ["SELECT 09", "SELECT 10"]


async def test_an_empty_lake_is_not_asked() -> None:
    assert await ask(store_in_memory(), lambda: None, newest) == ([], None)


async def test_without_the_bucket_there_is_a_problem_and_no_query() -> None:
    with pytest.raises(ExceptionGroup) as refused:
        await ask(BucketStore(Bucket(), Faults(is_down=True)), lambda: None)

    problem: Exception = refused.value
    while isinstance(problem, ExceptionGroup):
        problem = problem.exceptions[0]
    assert isinstance(problem, ProblemError)
    assert problem.problem.status == 503


async def test_the_ledger_is_read_once_per_entry_and_unreadable_ones_are_counted() -> None:
    store, metrics = store_in_memory(), QueryApiMetrics(CollectorRegistry())
    await commit(store, NINE)
    await store.put(ledger_key("assets", TEN, 1), b"no json")
    ledger = LedgerReader(store, metrics, lambda: NOW_MS, Staleness(0, 0))

    first, second = await asyncio.gather(ledger.view(), ledger.view(max_age_ms=0))

    assert list(first.heads) == list(second.heads) == [("assets", NINE)]
    assert metrics.ledger_unreadable._value.get() == 1
    newest = metrics.newest_received.labels("assets")._value.get()
    assert newest == (NINE.start_ms + 5) / 1000
    assert metrics.watermark.labels("assets")._value.get() == NINE.end_ms / 1000
