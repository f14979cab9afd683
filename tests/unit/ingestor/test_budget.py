"""The budget: a month that nobody confirmed, calls that were never made, prices of odd answers."""

import asyncio
from pathlib import Path

import orjson
import pytest

from coinlake.contracts.missed_ticks import Cause
from coinlake.errors import TransientError
from coinlake.lifecycle import Pulse
from ingestor.adapters.balance_file import write_balance
from ingestor.adapters.journal import open_journal
from ingestor.core.credits import Balance, CreditLimits
from ingestor.core.feed_ticks import FeedTicks
from ingestor.core.feeds import ASSETS
from ingestor.core.page import pages
from ingestor.core.ports import ApiAnswer, Call, NoAnswerError
from ingestor.core.schedule import Missed
from ingestor.loop.budget import Allowance, Budget, PagePlan
from ingestor.loop.concurrency import ConcurrencyLimit
from ingestor.loop.polling import MissedTickLog, Poller
from tests.unit.ingestor.bench import PAGE, TICK, Bench, FakeApi
from tests.unit.ingestor.times import HOUR, MINUTE, Times

DAY = 24 * HOUR
NOVEMBER, DECEMBER = "2026-11", "2026-12"


def budget(folder: Path, times: Times, spent: int = 3_990) -> Budget:
    write_balance(folder / "credits.json", Balance(NOVEMBER, spent=spent, total=spent))
    return opened(folder, times)


def opened(folder: Path, times: Times) -> Budget:
    return Budget(
        folder / "credits.json",
        [PagePlan(PAGE, 60_000)],
        Allowance(CreditLimits(4_000, None), 600),
        times.clock(max_doubt_ms=MINUTE),
    )


async def spend(budget: Budget, credits: int = 21) -> None:
    budget.settle(await budget.reserve(PAGE), credits)


def on_disk(folder: Path) -> dict[str, int]:
    found: dict[str, int] = orjson.loads((folder / "credits.json").read_bytes())
    return found


async def test_a_month_that_no_answer_has_confirmed_is_asked_in_but_not_begun(
    tmp_path: Path,
) -> None:
    times = Times()
    times.step(400 * DAY)
    early = budget(tmp_path, times)

    left = early.left
    await spend(early)

    assert (left, early.left) == (4_000, 4_000 - 21)
    assert (early.balance.month, early.balance.spent) == (NOVEMBER, 3_990 + 21)
    assert on_disk(tmp_path)["month"] == NOVEMBER  # type: ignore[comparison-overlap]


async def test_an_answers_date_begins_the_month_with_what_it_cost_so_far(
    tmp_path: Path,
) -> None:
    times = Times()
    times.advance(10 * DAY / 1_000)
    clock = times.clock()
    write_balance(tmp_path / "credits.json", Balance(NOVEMBER, spent=3_990, total=9_000))
    early = Budget(
        tmp_path / "credits.json",
        [PagePlan(PAGE, 60_000)],
        Allowance(CreditLimits(4_000, None), 600),
        clock,
    )
    await spend(early)

    clock.answered(times.wall, times.steady)

    assert (early.balance.month, early.balance.spent) == (DECEMBER, 21)
    assert early.balance.total == 9_021


async def test_what_was_spent_early_in_one_month_is_no_part_of_the_next_but_one(
    tmp_path: Path,
) -> None:
    times = Times()
    times.advance(10 * DAY / 1_000)
    early = budget(tmp_path, times)
    clock = early._clock
    await spend(early)
    clock.answered(times.wall, times.steady)
    december = early.balance

    times.advance(31 * DAY / 1_000)
    clock.answered(times.wall, times.steady)

    assert (december.month, december.spent) == (DECEMBER, 21)
    assert (early.balance.month, early.balance.spent) == ("2027-01", 0)


async def test_at_a_clean_stop_the_disk_has_what_was_really_spent(tmp_path: Path) -> None:
    running = budget(tmp_path, Times(), spent=0)
    await spend(running, 7)
    before = on_disk(tmp_path)

    await running.save()

    after = on_disk(tmp_path)
    assert before["reserved"] > 0
    assert (after["spent"], after["reserved"]) == (7, 0)


async def test_a_clock_that_jumps_over_the_end_of_the_month_begins_none(tmp_path: Path) -> None:
    times = Times()
    clock = times.clock()
    write_balance(tmp_path / "credits.json", Balance(NOVEMBER, spent=7))
    running = Budget(
        tmp_path / "credits.json",
        [PagePlan(PAGE, 60_000)],
        Allowance(CreditLimits(4_000, None), 600),
        clock,
    )
    clock.answered(times.wall, times.steady)

    times.step(400 * DAY)
    clock.answered(times.wall - 400 * DAY, times.steady)
    times.advance(3 * HOUR / 1_000)

    assert (running.balance.month, running.balance.spent) == (NOVEMBER, 7)
    assert running.left == 4_000 - 7


async def test_a_month_that_has_just_begun_is_not_taken_back_for_a_few_minutes(
    tmp_path: Path,
) -> None:
    times = Times()
    clock = times.clock()
    write_balance(tmp_path / "credits.json", Balance(DECEMBER, spent=21, total=21))
    begun = Budget(
        tmp_path / "credits.json",
        [PagePlan(PAGE, 60_000)],
        Allowance(CreditLimits(4_000, None), 600),
        clock,
    )

    times.advance(9 * 24 * 3_600 - 300)  # five minutes before December
    clock.answered(times.wall, times.steady)

    assert (begun.balance.month, begun.balance.spent) == (DECEMBER, 21)


async def test_a_month_that_went_forward_by_a_wrong_clock_is_put_right_by_an_answer(
    tmp_path: Path,
) -> None:
    times = Times()
    clock = times.clock()
    write_balance(tmp_path / "credits.json", Balance("2028-01", spent=50, total=900))
    wrong = Budget(
        tmp_path / "credits.json",
        [PagePlan(PAGE, 60_000)],
        Allowance(CreditLimits(4_000, None), 600),
        clock,
    )
    before = wrong.balance.month

    clock.answered(times.wall, times.steady)

    assert before == "2028-01"
    assert (wrong.balance.month, wrong.balance.spent, wrong.balance.total) == (
        NOVEMBER,
        50,
        900,
    )


async def test_tries_that_the_disk_refuses_set_nothing_aside(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr("ingestor.loop.budget.write_balance", refused)
    for _ in range(3):
        with pytest.raises(TransientError):
            await bench.budget.reserve(PAGE)

    assert (bench.budget.balance.reserved, bench.budget.balance.spent) == (0, 0)


@pytest.mark.parametrize(("was_sent", "spent"), [(False, 0), (True, 29)])
async def test_a_call_that_a_stop_cuts_short_costs_only_if_it_was_sent(
    bench: Bench, was_sent: bool, spent: int
) -> None:
    class Cut:
        async def get(self, url: str, call: Call) -> ApiAnswer:
            call.was_sent = was_sent
            raise asyncio.CancelledError(url)

    with pytest.raises(asyncio.CancelledError):
        await bench.attempt(Cut()).ask(PAGE, TICK)  # type: ignore[arg-type]

    assert (bench.budget.balance.reserved, bench.budget.balance.spent) == (0, spent)


async def test_an_attempt_that_nobody_heard_costs_nothing(bench: Bench) -> None:
    api = FakeApi(NoAnswerError("timeout", "connecting timed out"), is_heard=False)

    await bench.attempt(api).ask(PAGE, TICK)

    assert (bench.budget.balance.reserved, bench.budget.balance.spent) == (0, 0)


async def test_an_answer_above_the_limit_is_paid_for_and_is_no_price_for_ever(
    bench: Bench,
) -> None:
    huge = NoAnswerError("too_large", "more than 4128768 bytes", 4_190_000)
    await bench.attempt(FakeApi(huge)).ask(PAGE, TICK)
    paid, raised = bench.budget.balance.spent, bench.budget.price(PAGE)

    for _ in range(20):
        await bench.attempt(FakeApi(bench.good())).ask(PAGE, TICK)

    assert paid == 1_676
    assert raised == 2 * 29
    assert bench.budget.price(PAGE) == 1
    assert bench.budget.balance.largest == {PAGE.key: 1}


async def test_what_an_error_costs_is_no_price(bench: Bench) -> None:
    for answer in (ApiAnswer(503, b"no", None), ApiAnswer(200, b"<html>", None)):
        for _ in range(30):
            await bench.attempt(FakeApi(answer)).ask(PAGE, TICK)

    assert bench.budget.price(PAGE) == 29


async def test_two_pages_due_at_once_do_not_spend_the_last_credits_twice(
    tmp_path: Path,
) -> None:
    async with open_journal(tmp_path / "journal", max_bytes=10**7) as journal:
        bench = Bench(tmp_path, journal, CreditLimits(4_000_000, max_total=29))
        api, ticks, at_once = FakeApi(bench.good()), FeedTicks("assets"), ConcurrencyLimit(8)
        attempt, pollers = bench.attempt(api), []
        for page in pages(ASSETS, 100, 2):
            plan = PagePlan(page, 60_000)
            missed = MissedTickLog(plan, journal, bench.stamps, "me", bench.metrics)
            # What the disk takes first: meanwhile the other page is looked at.
            missed.miss(
                Missed(TICK.due_ms - 60_000, TICK.due_ms - 60_000, 1), 60_000, Cause.OVERRUN
            )
            pollers.append(
                Poller(
                    *(plan, attempt, bench.gating, bench.budget, missed, ticks, at_once),
                    Pulse(60),
                )
            )
        await asyncio.gather(*(one._tick(TICK, asyncio.Event()) for one in pollers))
        unnamed = [[run.cause for run in one.missed.unnamed] for one in pollers]

    assert len(api.urls) == 1
    assert sorted(unnamed) == [[], [Cause.CREDITS]]
    assert bench.budget.balance.total <= 29
