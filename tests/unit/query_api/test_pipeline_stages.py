"""Stages of the pipeline: which is late, which stands, and that no outage looks like calm."""

from dataclasses import replace
from typing import Any

import pytest

from coinlake.contracts.hours import HOUR_MS, Hour, hour_of
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.raw_meta import RawMeta
from coinlake.store import Listed
from ingestor.core.feeds import FEEDS
from query_api.core.coverage import PublishedHour
from query_api.core.pipeline import INTERVALS_S, Engine, stages, worst
from query_api.core.raw_state import RawState, newest_by_partition, raw_objects, raw_state

NOW_MS = Hour("2026-11-22", "10").start_ms + 20 * 60_000
MINUTE = 60_000
FINE = Engine(None, 0, 0)
RAW = RawState(
    objects=3,
    size=99,
    newest_key="k",
    newest_size=33,
    stored_ms=NOW_MS - 3_000,
    newest_answer_ms=NOW_MS - 5_000,
    complete_to_ms=NOW_MS - 4_000,
    next_offsets={0: 7},
    records_per_minute=2.0,
)
NINE = hour_of(NOW_MS - HOUR_MS)
HEAD = PublishedHour(
    version=2,
    rows={"quotes": 9},
    quarantined_rows=0,
    max_received_ms=NINE.end_ms - 1000,
    complete=True,
    is_closed=True,
    committed_at_ms=NINE.end_ms + 8 * MINUTE,
    watermark_ms=NINE.end_ms,
)
HEADS = {("assets", NINE): HEAD}


def told(
    raw: RawState | None = RAW, heads: Any = HEADS, engine: Engine = FINE
) -> dict[str, Any]:
    return {one["name"]: one for one in stages("assets", raw, heads, engine, NOW_MS)}


def states(**given: Any) -> dict[str, str]:
    return {name: one["state"] for name, one in told(**given).items()}


def whole(**given: Any) -> tuple[str, str | None]:
    return worst(list(told(**given).values()))


def test_a_pipeline_that_runs_is_fresh_at_each_stage() -> None:
    assert set(states().values()) == {"fresh"}
    assert whole() == ("fresh", None)


@pytest.mark.parametrize(
    ("age_min", "state"), [(7, "fresh"), (9, "late"), (23, "late"), (25, "stalled")]
)
def test_the_source_is_late_after_three_intervals_and_stands_later(
    age_min: int, state: str
) -> None:
    raw = replace(RAW, newest_answer_ms=NOW_MS - age_min * MINUTE)
    heads = {("assets", NINE): replace(HEAD, max_received_ms=NOW_MS - 60 * MINUTE)}

    assert states(raw=raw, heads=heads)["coincap"] == state


@pytest.mark.parametrize(("age_min", "state"), [(4, "fresh"), (6, "late"), (16, "stalled")])
def test_a_chain_without_promises_or_objects_stands(age_min: int, state: str) -> None:
    raw = replace(
        RAW, complete_to_ms=NOW_MS - age_min * MINUTE, stored_ms=NOW_MS - age_min * MINUTE
    )

    found = told(raw=raw)

    assert found["kafka"]["state"] == found["raw"]["state"] == state
    assert (found["raw"]["since"] is None) == (state == "fresh")


def test_what_is_in_the_raw_zone_and_in_no_table_is_glues_to_answer_for() -> None:
    behind = {
        ("assets", hour_of(NOW_MS - 4 * HOUR_MS)): replace(
            HEAD, max_received_ms=NOW_MS - 3 * HOUR_MS, watermark_ms=NOW_MS - 3 * HOUR_MS
        )
    }

    assert states(heads=behind)["glue"] == "stalled"
    assert whole(heads=behind) == ("stalled", "glue")


def test_a_runner_that_has_nothing_to_do_does_not_stand() -> None:
    old = NOW_MS - 30 * HOUR_MS
    raw = replace(RAW, newest_answer_ms=old)
    heads = {("assets", hour_of(old)): replace(HEAD, max_received_ms=old, committed_at_ms=old)}

    assert states(raw=raw, heads=heads)["glue"] == "fresh"


def test_two_days_without_an_object_are_an_outage_and_not_an_empty_lake() -> None:
    found = states(raw=None)

    assert found["raw"] == found["kafka"] == "stalled"
    assert whole(raw=None)[0] == "stalled"


def test_a_lake_in_which_nothing_has_come_is_empty() -> None:
    assert whole(raw=None, heads={}) == ("empty", None)
    assert whole(raw=None, heads={}, engine=Engine("away", 0, 0)) == ("stalled", "sql")


def test_the_first_of_several_stages_that_stand_is_the_one_to_blame() -> None:
    raw = replace(RAW, newest_answer_ms=NOW_MS - 9 * HOUR_MS, stored_ms=NOW_MS - 9 * HOUR_MS)
    heads = {("assets", NINE): replace(HEAD, max_received_ms=None)}

    assert whole(raw=raw, heads=heads, engine=Engine("away", 1, 2)) == ("stalled", "coincap")


def test_a_clock_that_is_ahead_makes_no_negative_age() -> None:
    assert told(raw=replace(RAW, newest_answer_ms=NOW_MS + 9_000))["coincap"]["age_s"] == 0


def test_the_intervals_are_the_ingestors_own() -> None:
    assert {name: feed.interval_s for name, feed in FEEDS.items()} == INTERVALS_S


# What the raw zone says.


def listed(link: int, at_ms: int, partition: int = 0, epoch: int = 1) -> Listed:
    key = str(RawKey("coincap.assets.v1", NINE, epoch, partition, link))
    return Listed(key, "e", 10, at_ms)


def meta(
    link: int, next_offset: int, values: int = 1, promised_ms: int | None = NOW_MS
) -> RawMeta:
    return RawMeta(link, link, next_offset, 1, values, "s", NOW_MS, NOW_MS, promised_ms, "w")


def test_a_stray_object_beside_ours_is_left_out() -> None:
    stray = Listed("raw/coincap.assets.v1/dt=2026-11-22/hour=09/notes.csv", "e", 1, 1)

    assert [one.key.link for one in raw_objects([stray, listed(5, 2), listed(0, 1)])] == [0, 5]


def test_the_end_of_a_chain_is_of_the_newest_epoch() -> None:
    objects = raw_objects(
        [listed(900, 1, epoch=1), listed(3, 2, epoch=2), listed(1, 3, partition=1)]
    )

    found = newest_by_partition(objects)

    assert {number: one.key.link for number, one in found.items()} == {0: 3, 1: 1}


def test_an_hour_is_told_by_its_ends() -> None:
    objects = raw_objects([listed(0, 0), listed(10, 60_000), listed(0, 90_000, partition=1)])
    metas = {
        objects[1].listed.key: meta(10, 40, promised_ms=NOW_MS - 5),
        objects[2].listed.key: meta(0, 20, values=0, promised_ms=NOW_MS - 9),
    }

    state = raw_state(objects, metas)

    assert state is not None
    assert state.next_offsets == {0: 40, 1: 20}
    assert state.complete_to_ms == NOW_MS - 9
    assert state.records_per_minute == 40.0
    assert state.objects == 3
    assert state.hour == NINE


def test_where_one_partition_has_promised_nothing_nothing_is_promised() -> None:
    objects = raw_objects([listed(0, 0), listed(0, 1, partition=1)])
    metas = {
        objects[0].listed.key: meta(0, 1),
        objects[1].listed.key: meta(0, 1, promised_ms=None),
    }

    state = raw_state(objects, metas)

    assert state is not None
    assert state.complete_to_ms is None
    assert state.records_per_minute is None
    assert raw_state([], {}) is None
