"""Budgets in bytes: buckets that refill, whatever the clock does, and who is charged."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from coinlake.contracts.query_keys import spending_key
from coinlake.store import ObjectHead, ObjectStore
from query_api.core.budget import (
    DAY_S,
    Balance,
    Bucket,
    Budget,
    balance,
    balance_field,
    full,
    policy_field,
)
from query_api.core.keys import ANONYMOUS, Caller
from query_api.core.problems import ProblemError
from query_api.core.spending import parse_spending, unspent
from query_api.loop.spending import PAYER, Accounts, Payer
from query_api.metrics import QueryApiMetrics
from tests.labs import bucket as s3
from tests.labs.bucket import BucketStore, Faults, store_in_memory
from tests.labs.query_accounts import NOW_MS

MB = 10**6
ANN = Caller("ann", frozenset({"sql"}))
BUDGET = Budget(100 * MB, 50 * MB)
CAPACITIES = st.integers(0, 10**15)
SPENDINGS = st.integers(0, 10**14)
TIMES = st.lists(st.tuples(st.integers(-(10**8), 10**8), SPENDINGS), max_size=30)


@given(CAPACITIES, TIMES)
def test_a_bucket_is_never_overfull_and_time_takes_nothing_away(
    capacity: int, steps: list[tuple[int, int]]
) -> None:
    now_ms, bucket = NOW_MS, full(capacity, DAY_S, NOW_MS)

    for step, spent in steps:
        now_ms += step
        later = bucket.at(now_ms)
        assert bucket.level <= later.level <= capacity
        assert later.at_ms >= bucket.at_ms
        bucket = later.less(spent)


@given(CAPACITIES, TIMES)
def test_no_stretch_of_time_gives_more_than_its_share(
    capacity: int, steps: list[tuple[int, int]]
) -> None:
    bucket, now_ms, newest_ms, spent = full(capacity, DAY_S, NOW_MS), NOW_MS, NOW_MS, 0

    for step, wanted in steps:
        now_ms += step
        newest_ms = max(newest_ms, now_ms)
        bucket = bucket.at(now_ms)
        if bucket.level >= wanted:
            bucket, spent = bucket.less(wanted), spent + wanted

    share = capacity + capacity * (newest_ms - NOW_MS) / (DAY_S * 1000)
    assert spent <= share * (1 + 1e-9) + 1


@given(st.integers(1, 10**15), st.integers(0, 5000))
def test_a_bucket_opens_when_it_says(capacity: int, percent: int) -> None:
    bucket = full(capacity, DAY_S, NOW_MS).less(capacity * percent // 100)

    wait_s = bucket.opens_in_s()

    assert bucket.at(NOW_MS + wait_s * 1000).level > 0
    if wait_s > 1:
        assert bucket.at(NOW_MS + (wait_s - 1) * 1000).level < 1 + capacity * 1e-9


def test_a_clock_that_steps_back_gives_no_bytes_twice() -> None:
    bucket = full(DAY_S, DAY_S, NOW_MS).less(100)

    after = bucket.at(NOW_MS + 50_000).at(NOW_MS - 10**9).at(NOW_MS + 50_000)

    assert after.level == DAY_S - 50


def test_the_edge_of_a_day_is_no_moment_of_its_own() -> None:
    midnight = 1_790_035_200_000
    bucket = full(86_400, DAY_S, midnight - 1000).less(86_400)

    assert midnight % 86_400_000 == 0
    assert [round(bucket.at(midnight + ms).level) for ms in (-1000, 0, 1000)] == [0, 1, 2]


def test_a_budget_that_changes_keeps_what_was_spent() -> None:
    spent = unspent(BUDGET, NOW_MS).after(30 * MB, None, NOW_MS)

    less = parse_spending(spent.encode("ann"), Budget(40 * MB, 50 * MB), NOW_MS)

    assert (less.balance.day.level, less.balance.minute.level) == (10 * MB, 20 * MB)


def test_headers_tell_policy_and_balance_as_structured_fields() -> None:
    left = balance(Budget(86_400, 60), NOW_MS).less(100)

    assert policy_field(left) == (
        '"day";q=86400;qu="coinlake-scanned-bytes";w=86400, '
        '"minute";q=60;qu="coinlake-scanned-bytes";w=60'
    )
    assert balance_field(left) == '"day";r=86300;t=100, "minute";r=0;t=41'


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"version": 2}', b'{"version": 1}'])
def test_spending_that_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="not the spending"):
        parse_spending(body, BUDGET, NOW_MS)


def test_a_time_that_is_ahead_stops_no_refill() -> None:
    ahead = Balance(
        Bucket(100, DAY_S, -50.0, NOW_MS + 10**9), Bucket(100, 60, 0.0, NOW_MS + 10**9)
    )
    told = unspent(Budget(100, 100), NOW_MS).after(0, None, NOW_MS)
    body = type(told)(ahead).encode("ann")

    read = parse_spending(body, Budget(100, 100), NOW_MS)

    assert read.balance.at(NOW_MS + 60_000).minute.level == 100


# ---- the accounts of a process ------------------------------------------------------------------


class Clock:
    now_ms = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


def process(store: ObjectStore, clock: Callable[[], int], budget: Budget = BUDGET) -> Accounts:
    metrics = QueryApiMetrics(CollectorRegistry())
    return Accounts(store, metrics, clock, (budget, Budget(5, 5)))


def spend(accounts: Accounts, scanned: int, caller: Caller = ANN) -> None:
    PAYER.set(Payer(caller))
    accounts.end(accounts.begin(), (scanned,))


async def test_the_last_query_that_starts_within_the_budget_runs_whole() -> None:
    clock = Clock()
    accounts = process(store_in_memory(), clock)
    await accounts.seen(ANN)

    spend(accounts, 45 * MB)
    spend(accounts, 60 * MB)
    with pytest.raises(ProblemError) as refused:
        accounts.begin()
    clock.now_ms += (refused.value.problem.retry_after_s or 0) * 1000
    accounts.begin()

    assert refused.value.problem.status == 429
    assert refused.value.problem.kind == "over_budget"


async def test_each_query_is_charged_as_athena_bills_it() -> None:
    accounts = process(store_in_memory(), Clock())
    await accounts.seen(ANN)

    PAYER.set(Payer(ANN))
    accounts.end(accounts.begin(), (1, 12_000_001))
    accounts.end(accounts.begin(), ())

    # Ten megabytes at least for each, whole ones beyond; what never ran is free.
    assert accounts.balance(ANN).day.level == 100 * MB - 10 * MB - 13 * MB


async def test_what_runs_is_held_back() -> None:
    accounts = process(store_in_memory(), Clock())
    await accounts.seen(ANN)
    PAYER.set(Payer(ANN, needed_bytes=60 * MB))

    payer = accounts.begin()
    with pytest.raises(ProblemError):
        accounts.begin()
    accounts.end(payer, (10 * MB,))

    assert accounts.balance(ANN).minute.level == 40 * MB


@pytest.mark.parametrize(
    ("needed", "status"), [(101 * MB, 422), (95 * MB, 429), (90 * MB, None), (None, None)]
)
async def test_what_cannot_fit_is_refused_before_it_costs(
    needed: int | None, status: int | None
) -> None:
    accounts = process(store_in_memory(), Clock())
    await accounts.seen(ANN)
    spend(accounts, 10 * MB)

    found: int | None = None
    try:
        accounts.require(ANN, needed)
    except ProblemError as error:
        found = error.problem.status

    assert found == status


async def test_those_without_a_key_have_a_budget_of_their_own() -> None:
    accounts = process(store_in_memory(), Clock())
    await accounts.seen(ANONYMOUS)

    spend(accounts, 1, ANONYMOUS)
    with pytest.raises(ProblemError):
        spend(accounts, 1, ANONYMOUS)

    spend(accounts, 1, ANN)


@pytest.mark.parametrize(("is_closed", "left"), [(True, 60 * MB), (False, 100 * MB)])
async def test_what_was_spent_survives_a_restart(is_closed: bool, left: int) -> None:
    store, clock = store_in_memory(), Clock()
    first = process(store, clock)
    await first.seen(ANN)
    spend(first, 40 * MB)
    # The control is a crash right after the query: what was not written yet is forgotten.
    if is_closed:
        await first.close()

    second = process(store, clock)
    await second.seen(ANN)

    assert second.balance(ANN).day.level == left


class Interleaved(Faults):
    """A network on which everybody's requests come between everybody else's."""

    async def ask(self, what: str, apply: Callable[[], s3.Answer]) -> s3.Answer:
        await asyncio.sleep(0)
        return await super().ask(what, apply)


@pytest.mark.parametrize(("overwrites", "left"), [(False, 40 * MB), (True, 80 * MB)])
async def test_replicas_that_write_at_once_lose_nothing_thanks_to_conditions(
    overwrites: bool, left: int
) -> None:
    bucket, clock = s3.Bucket(overwrites=overwrites), Clock()
    replicas = [process(BucketStore(bucket, Interleaved()), clock) for _ in range(3)]
    for one in replicas:
        await one.seen(ANN)
        spend(one, 20 * MB)

    await asyncio.gather(*(one.flush() for one in replicas))
    last = process(BucketStore(bucket, Faults()), clock)
    await last.seen(ANN)

    # The control, in which the bucket ignores If-None-Match, forgets two of three.
    assert last.balance(ANN).day.level == left


async def test_what_another_replica_spent_is_seen_with_the_next_flush() -> None:
    store, clock = store_in_memory(), Clock()
    here, there = process(store, clock), process(store, clock)
    await here.seen(ANN)
    await there.seen(ANN)
    spend(there, 40 * MB)
    await there.flush()

    before = here.balance(ANN).day.level
    spend(here, 10 * MB)
    await here.flush()

    assert before == 100 * MB
    assert here.balance(ANN).day.level == 50 * MB


async def test_what_was_spent_while_the_bucket_was_away_is_written_later() -> None:
    faults, clock = Faults(), Clock()
    store = BucketStore(s3.Bucket(), faults)
    earlier = process(store, clock)
    await earlier.seen(ANN)
    spend(earlier, 30 * MB)
    await earlier.flush()

    faults.is_down = True
    accounts = process(store, clock)
    await accounts.seen(ANN)
    spend(accounts, 20 * MB)
    await accounts.flush()
    faults.is_down = False
    await accounts.flush()

    assert accounts.balance(ANN).day.level == 50 * MB


async def test_what_cannot_be_read_is_not_asked_for_by_everybody() -> None:
    faults, clock = Faults(is_down=True), Clock()
    store, asked = BucketStore(s3.Bucket(), faults), list[str]()
    once = store.head

    async def counted(key: str) -> ObjectHead | None:
        asked.append(key)
        return await once(key)

    store.head = counted  # type: ignore[method-assign]
    accounts = process(store, clock)

    await asyncio.gather(*(accounts.seen(ANN) for _ in range(20)))
    at_once = len(asked)
    clock.now_ms += 5000
    await accounts.seen(ANN)

    assert (at_once, len(asked)) == (1, 2)


async def test_a_budget_that_changes_while_the_service_runs_keeps_what_was_spent() -> None:
    accounts = process(store_in_memory(), Clock())
    await accounts.seen(ANN)
    spend(accounts, 30 * MB)

    richer = Caller("ann", frozenset({"sql"}), Budget(1000 * MB, None))

    assert accounts.balance(richer).day.level == 970 * MB


async def test_a_write_whose_answer_was_lost_is_charged_once() -> None:
    faults, clock = Faults(), Clock()
    accounts = process(BucketStore(s3.Bucket(), faults), clock)
    await accounts.seen(ANN)
    spend(accounts, 20 * MB)

    faults.lost_answers = 1
    await accounts.flush()
    spend(accounts, 30 * MB)
    await accounts.flush()

    assert accounts.balance(ANN).day.level == 50 * MB


async def test_an_object_that_cannot_be_read_is_written_anew() -> None:
    store, clock = store_in_memory(), Clock()
    await store.put(spending_key("ann"), b"no json")
    accounts = process(store, clock)
    await accounts.seen(ANN)

    spend(accounts, 20 * MB)
    await accounts.flush()

    body = await store.get(spending_key("ann"))
    assert body is not None
    assert parse_spending(body, BUDGET, NOW_MS).balance.day.level == 80 * MB


async def test_a_use_is_noted_at_most_once_a_minute() -> None:
    store, clock = store_in_memory(), Clock()
    accounts = process(store, clock)

    for _ in range(50):
        await accounts.seen(ANN)
        await accounts.flush()
        clock.now_ms += 2000

    puts = store.bucket.puts
    body = await store.get(spending_key("ann"))
    assert body is not None
    assert puts == [spending_key("ann")] * 2
    assert parse_spending(body, BUDGET, clock.now_ms).last_used_ms == NOW_MS + 60_000
