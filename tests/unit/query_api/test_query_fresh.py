"""Answers in time: given again only while they stand, refused when too old, told as of a version."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

import pytest

from coinlake.contracts.hours import HOUR_MS, Hour
from coinlake.contracts.ledger import ledger_key
from coinlake.contracts.raw_layout import RawKey
from query_api.core.answers import ExecutionState, ResultColumn, Rows, text_rows
from query_api.core.coverage import Heads
from query_api.core.literals import varchar
from query_api.core.problems import ProblemError
from query_api.core.statements import Statement
from query_api.routes.asked import Asked
from query_api.routes.consistent_read import BoundedStatement, SteadyAnswer, steady
from query_api.routes.middleware import NotModifiedError
from query_api.routes.parts import ApiParts
from tests.labs.bucket import BucketStore
from tests.labs.counted import Counted, counted_store
from tests.labs.fake_athena import FakeEngine
from tests.labs.ledger_entries import ledger_entry
from tests.labs.query_parts import open_parts

NINE, TEN = Hour("2026-11-22", "09"), Hour("2026-11-22", "10")
TTL_MS = 2_000
TOPIC = "coincap.assets.v1"


class Numbering(FakeEngine):
    """Each query succeeds at once with its number as its row; `during` happens while it runs."""

    def __init__(self) -> None:
        super().__init__()
        self.during: Callable[[], object] = lambda: None
        self.columns = ("number",)

    async def start(self, statement: Statement, token: str) -> str:
        known = await super().start(statement, token)
        self.during()
        self.states[known] = ExecutionState("SUCCEEDED", scanned_bytes=3)
        return known

    async def rows(self, execution_id: str, max_rows: int, location: str = "") -> Rows:
        kinds = tuple(ResultColumn(name, "varchar") for name in self.columns)
        return text_rows(kinds, (tuple(execution_id for _ in kinds),))


@dataclass
class World:
    """A lake with one published hour, a clock that stands, and the service over it."""

    store: BucketStore
    network: Counted
    engine: Numbering
    parts: ApiParts
    clock: list[int]
    live: bool = False

    def publish(self, version: int, hour: Hour = NINE, closed_by: str = "heartbeat") -> None:
        body = ledger_entry(
            "assets",
            hour,
            version=version,
            max_received_ms=hour.start_ms + 5,
            watermark_ms=hour.start_ms,
            closed_by=closed_by,
        ).encode()
        self.store.bucket.put(ledger_key("assets", hour, version), body, {})

    def land(self, link: int) -> None:
        self.store.bucket.put(str(RawKey(TOPIC, TEN, 1, 0, link)), b"x", {})

    async def ask(self, value: str = "btc", **said: object) -> SteadyAnswer:
        asked = replace(Asked(), **said)  # type: ignore[arg-type]
        self.clock[0] += 1

        def build(_: Heads) -> BoundedStatement:
            last = TEN if self.live else NINE
            statement = Statement("SELECT ?", (varchar(value),))
            return BoundedStatement(statement, NINE, last, 5, is_live=self.live)

        return await steady(self.parts, build, asked=asked)

    def lists(self) -> int:
        return sum(call == "LIST" for call in self.network.calls)


@asynccontextmanager
async def world(ttl_ms: int = TTL_MS) -> AsyncIterator[World]:
    store, network = counted_store()
    engine, clock = Numbering(), [TEN.start_ms + 60_000]
    async with open_parts(store, engine, lambda: clock[0], ttl_ms) as parts:
        made = World(store, network, engine, parts, clock)
        made.publish(1)
        yield made


def row(answer: SteadyAnswer) -> str:
    assert answer.result is not None
    return str(answer.result.rows.cells.column(0)[0].as_py())


async def problem_of(asked: object) -> tuple[int, str, str]:
    with pytest.raises(ProblemError) as refused:
        await asked  # type: ignore[misc]
    problem = refused.value.problem
    return problem.status, problem.kind, problem.detail


async def test_the_same_question_of_the_same_version_asks_athena_once() -> None:
    async with world() as lake:
        first, second = await lake.ask(), await lake.ask()

    assert row(first) == row(second)
    assert (first.is_kept, second.is_kept) == (False, True)
    assert len(lake.engine.sent) == 1
    assert second.version == second.version_after == first.version


async def test_another_value_is_another_question() -> None:
    async with world() as lake:
        first, second = await lake.ask("btc"), await lake.ask("eth")

    assert row(first) != row(second)
    assert first.tag != second.tag


@pytest.mark.parametrize("ttl_ms", [0, TTL_MS, 3_600_000])
async def test_after_an_hour_is_published_the_next_call_sees_it_whatever_is_in_memory(
    ttl_ms: int,
) -> None:
    async with world(ttl_ms) as lake:
        first = await lake.ask()
        lake.publish(2)
        second = await lake.ask()
        third = await lake.ask()

    assert row(second) != row(first)
    assert row(third) == row(second)
    assert second.version != first.version


async def test_a_tag_of_before_a_publish_is_not_confirmed_from_memory() -> None:
    async with world(3_600_000) as lake:
        tag = (await lake.ask()).tag
        with pytest.raises(NotModifiedError) as same:
            await lake.ask(if_none_match=tag)
        asked = len(lake.engine.sent)
        lake.publish(2)
        anew = await lake.ask(if_none_match=tag)

    assert same.value.tag == tag
    assert asked == 1
    assert anew.tag != tag


async def test_a_tag_that_is_right_needs_no_query_in_a_process_that_has_just_started() -> None:
    async with world() as lake:
        tag = (await lake.ask()).tag
        async with open_parts(lake.store, Numbering(), lambda: lake.clock[0]) as other:
            lake.parts = other
            with pytest.raises(NotModifiedError):
                await lake.ask(if_none_match=f'"x", {tag}')

    assert len(lake.engine.sent) == 1


async def test_a_question_for_athena_waits_for_no_listing_while_the_view_is_young() -> None:
    async with world() as lake:
        await lake.ask("warm")
        lake.network.calls.clear()
        seen = list[int]()
        lake.engine.during = lambda: seen.append(lake.lists())
        await lake.ask("btc")

    assert seen == [0]
    # The one that tells whether the view was still true begins when the query has ended.
    assert lake.lists() == 1


async def test_what_is_published_during_a_query_is_asked_again_and_both_are_billed() -> None:
    async with world() as lake:
        await lake.ask("warm")
        lake.engine.during = lambda: lake.publish(len(lake.engine.sent))
        answer = await lake.ask("btc")

    assert answer.result is not None
    assert answer.result.scans == (3, 3)


async def test_a_version_can_be_asked_for_while_its_rows_are_kept_and_is_gone_after() -> None:
    async with world() as lake:
        first = await lake.ask()
        lake.publish(2)
        new = await lake.ask()
        old = await lake.ask(as_of=first.version)
        current = await lake.ask(as_of=new.version)
        gone = await problem_of(lake.ask("eth", as_of=first.version))
        never = await problem_of(lake.ask(as_of="0" * 16))

    assert (row(old), old.version) == (row(first), first.version)
    assert row(current) == row(new)
    assert gone[:2] == never[:2] == (410, "version_gone")
    assert len(lake.engine.sent) == 2


async def test_a_version_that_was_published_a_moment_ago_can_be_asked_for() -> None:
    async with world(3_600_000) as lake:
        await lake.ask()
        lake.publish(2)
        async with open_parts(lake.store, Numbering(), lambda: lake.clock[0]) as other:
            here, lake.parts = lake.parts, other
            version = (await lake.ask()).version
            lake.parts = here
        answer = await lake.ask(as_of=version)

    assert answer.version == version


async def test_data_older_than_the_client_takes_are_refused_with_their_age() -> None:
    async with world() as lake:
        fine = await lake.ask(max_age_s=2 * 3600.0)
        status, kind, detail = await problem_of(lake.ask(max_age_s=60.0))

    assert fine.result is not None
    assert (status, kind) == (412, "too_old")
    assert "2026-11-22T09:00:00.005Z" in detail
    assert "max_age is 60" in detail


async def test_of_a_live_answer_its_newest_row_counts() -> None:
    async with world() as lake:
        lake.live = True
        lake.engine.columns = ("source_ts",)
        times = iter(["2026-11-22 10:00:30.000", "2026-11-22 09:30:00.000"])

        async def rows(execution_id: str, max_rows: int, location: str = "") -> Rows:
            return text_rows((ResultColumn("source_ts", "timestamp"),), ((next(times),),))

        lake.engine.rows = rows  # type: ignore[method-assign]
        young = await lake.ask("btc", max_age_s=60.0)
        old = await problem_of(lake.ask("eth", max_age_s=60.0))

    assert young.is_live
    assert old[1] == "too_old"


async def test_an_answer_that_was_made_longer_ago_than_asked_is_made_anew() -> None:
    async with world() as lake:
        first = await lake.ask()
        lake.clock[0] += 10_000
        within = await lake.ask(kept_age_s=60.0)
        beyond = await lake.ask(kept_age_s=5.0)

    assert row(within) == row(first)
    assert row(beyond) != row(first)
    assert not beyond.is_kept


async def test_a_live_answer_is_given_again_until_something_lands() -> None:
    async with world() as lake:
        lake.live = True
        lake.land(1)
        first, same = await lake.ask(), await lake.ask()
        lake.land(2)
        after = await lake.ask()
        lake.publish(1, TEN)
        closed = await lake.ask()

    assert row(same) == row(first)
    assert len({row(first), row(after), row(closed)}) == 3
    assert len({first.version, after.version, closed.version}) == 3


async def test_a_closed_answer_never_serves_as_a_live_one() -> None:
    async with world() as lake:
        closed = await lake.ask()
        lake.live = True
        live = await lake.ask()

    assert row(live) != row(closed)
    assert live.tag != closed.tag


async def test_where_nobody_can_look_after_the_query_the_answer_is_asked_again_or_refused() -> (
    None
):
    async with world() as lake:
        await lake.ask("warm")

        def away() -> None:
            lake.network.is_down = True

        lake.engine.during = away
        status, kind, _ = await problem_of(lake.ask("btc"))

    assert (status, kind) == (503, "unavailable")


async def test_a_view_in_memory_is_no_older_than_the_settings_say() -> None:
    async with world() as lake:
        await lake.ask("warm")
        lake.publish(2)
        lake.clock[0] += HOUR_MS
        lake.network.calls.clear()
        seen = list[int]()
        lake.engine.during = lambda: seen.append(lake.lists())
        answer = await lake.ask("btc")

    assert seen == [1]
    assert answer.result is not None
    assert answer.result.scans == (3,)
