"""The boundary of the live views: as far as everything is in the tables, and never further."""

from dataclasses import replace

from coinlake.contracts.batches import BatchInput
from coinlake.contracts.datasets import ELEMENTS, TABULAR
from coinlake.contracts.hours import HOUR_MS, UNKNOWN_HOUR, Hour, hour_of
from coinlake.contracts.ledger import RawInput
from coinlake.views.live import live_view_names
from etl_runner.core.hours import FeedHour
from etl_runner.core.live_boundary import boundary
from etl_runner.core.tracked import Tracked
from tests.labs.ledger_entries import ledger_entry
from tests.unit.etl_runner.runner import Runner
from tests.unit.etl_runner.world import HOUR, World

SINCE = Hour("2026-11-20", "03")
HOURS = [hour_of(SINCE.start_ms + n * HOUR_MS) for n in range(6)]
ITEM = BatchInput("raw/a", "e", 1)
LATE = BatchInput("raw/late", "e", 1)


def committed(at: Hour, closed_by: str = "heartbeat", *items: BatchInput) -> Tracked:
    """An hour whose head was made of one object; `items` are further ones that landed since."""
    head = ledger_entry(
        "rates", at, closed_by=closed_by, inputs=(RawInput(ITEM.key, ITEM.etag),)
    )
    return Tracked(inputs={one.key: one for one in (ITEM, *items)}, head=head)


def raw() -> Tracked:
    return Tracked(inputs={ITEM.key: ITEM})


def at(tracked: dict[Hour, Tracked], unlisted: tuple[str, ...] = ()) -> Hour:
    known = [(FeedHour("rates", hour), one) for hour, one in tracked.items()]
    return boundary("rates", SINCE, known, unlisted)


def test_it_stands_where_nothing_is_closed() -> None:
    assert at({}) == SINCE
    assert at({HOURS[1]: raw()}) == SINCE
    assert at({HOURS[1]: committed(HOURS[1], "open")}) == SINCE


def test_it_moves_to_the_newest_closed_hour() -> None:
    closed = {hour: committed(hour) for hour in HOURS[1:4]}

    assert at(closed | {HOURS[4]: raw()}) == HOURS[3]
    assert at({HOURS[2]: committed(HOURS[2], "age")}) == HOURS[2]


def test_hours_without_raw_objects_hold_nothing_up() -> None:
    assert at({HOURS[1]: Tracked(), HOURS[3]: committed(HOURS[3])}) == HOURS[3]


def test_an_hour_that_no_table_has_holds_it_up() -> None:
    closed = {hour: committed(hour) for hour in HOURS[1:]}

    assert at(closed | {HOURS[3]: raw()}) == HOURS[2]
    assert at(closed | {HOURS[3]: Tracked(aside="ledger_unreadable")}) == HOURS[2]


def test_late_objects_hold_it_up_only_where_the_hour_was_open() -> None:
    closed = {hour: committed(hour) for hour in HOURS[1:]}

    assert at(closed | {HOURS[2]: committed(HOURS[2], "heartbeat", LATE)}) == HOURS[-1]
    assert at(closed | {HOURS[2]: committed(HOURS[2], "open", LATE)}) == HOURS[1]
    assert at(closed | {HOURS[2]: committed(HOURS[2], "open")}) == HOURS[-1]


def test_days_that_nobody_has_listed_hold_it_up() -> None:
    tomorrow = Hour("2026-11-21", "05")
    closed = {HOURS[2]: committed(HOURS[2]), tomorrow: committed(tomorrow)}

    assert at(closed, ()) == tomorrow
    assert at(closed, ("2026-11-21",)) == HOURS[2]
    assert at(closed, ("2026-11-20",)) == SINCE
    assert at(closed, ("2026-11-19",)) == tomorrow


def test_impossible_times_and_other_feeds_have_no_part_in_it() -> None:
    known = [
        (FeedHour("rates", UNKNOWN_HOUR), raw()),
        (FeedHour("assets", HOURS[1]), raw()),
        (FeedHour("rates", HOURS[2]), committed(HOURS[2])),
    ]

    assert boundary("rates", SINCE, known, ()) == HOURS[2]


async def test_publishing_moves_the_views_of_that_feed(world: World, runner: Runner) -> None:
    await world.land("rates", HOUR)
    await runner.turn()
    await runner.live.advance(runner.now_ms())

    names = live_view_names(TABULAR["rates"])
    assert {world.catalog.views[name] for name in names} == {HOUR}
    before = {name: one for name, one in world.catalog.views.items() if name not in names}
    assert all(one < HOUR for one in before.values())
    assert set(world.catalog.views) == {
        name for feed in ELEMENTS for name in live_view_names(TABULAR[feed])
    }


async def test_what_stands_is_asked_for_once_and_not_replaced(
    world: World, runner: Runner
) -> None:
    await world.land("rates", HOUR)
    await runner.turn()
    await runner.live.advance(runner.now_ms())
    world.catalog.replaced.clear()

    await runner.live.advance(runner.now_ms())

    assert world.catalog.replaced == []


async def test_an_hour_that_cannot_be_published_stays_on_the_raw_side(
    world: World, runner: Runner
) -> None:
    older = hour_of(HOUR.start_ms - HOUR_MS)
    await world.land("rates", older)
    await runner.reconcile.run(runner.now_ms())
    runner.hours.set_aside(FeedHour("rates", older), "hour_too_large")
    await world.land("rates", HOUR)
    runner.hours.landed(FeedHour("rates", HOUR), replace(ITEM, key="raw/x"), runner.now_ms())

    await runner.live.advance(runner.now_ms())

    assert all(world.catalog.views[name] < older for name in live_view_names(TABULAR["rates"]))


async def test_a_catalog_that_is_away_stops_nothing_and_is_tried_again(
    world: World, runner: Runner
) -> None:
    await world.land("rates", HOUR)
    await runner.turn()
    world.catalog.is_away = True
    await runner.live.advance(runner.now_ms())
    assert world.catalog.views == {}
    assert world.counted("live_view_failures_total") == len(ELEMENTS)

    world.catalog.is_away = False
    await runner.live.advance(runner.now_ms())

    assert {world.catalog.views[name] for name in live_view_names(TABULAR["rates"])} == {HOUR}


async def test_a_new_process_goes_on_from_what_the_views_say(
    world: World, runner: Runner
) -> None:
    for name in live_view_names(TABULAR["rates"]):
        world.catalog.views[name] = HOUR

    await runner.live.advance(runner.now_ms())

    assert not set(world.catalog.replaced) & set(live_view_names(TABULAR["rates"]))
