"""The steps of a batch as a scheduler's tasks call them: no loop, no Kafka, only the bucket."""

import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import curated_key, ledger_key, manifest_key
from etl_runner.core.hours import FeedHour
from etl_runner.loop.lake import LakeReader
from etl_runner.steps import (
    FinishedBatch,
    PublicationOutcome,
    StepParts,
    WantedHour,
    clean,
    commit_terms,
    find,
    freeze,
    load_manifest,
    publish,
    run,
    verify,
)

HOUR = Hour("2026-11-20", "07")
AT = FeedHour("rates", HOUR)
NOW_MS = HOUR.end_ms + 7_200_000


def task(world: Any) -> StepParts:
    """The parts of a task in a process of its own: it remembers nothing of those before it."""
    parts: StepParts = world.parts
    return replace(parts, lake=LakeReader(world.store))


async def wanted(world: Any) -> list[WantedHour]:
    found = await find(task(world), "rates", HOUR.dt)
    return [hour.wanted() for hour in found if hour.dirty]


async def frozen_id(world: Any, *hours: WantedHour) -> str | None:
    frozen = await freeze(
        task(world), hours or await wanted(world), code_version="dag-7", max_skew_ms=1000
    )
    return None if frozen.manifest is None else frozen.manifest.batch_id


async def finished(world: Any, batch_id: str) -> FinishedBatch:
    parts = task(world)
    return await run(parts, await load_manifest(parts, batch_id))


async def published(world: Any, batch_id: str) -> list[PublicationOutcome]:
    parts, batch = task(world), await finished(world, batch_id)
    accepted = (await verify(parts, batch)).accepted
    return await publish(parts, batch, accepted, commit_terms(NOW_MS))


async def test_the_five_steps_bring_a_landed_object_into_the_tables(world: Any) -> None:
    await world.land()
    parts = world.parts

    found = await find(parts, "rates", HOUR.dt)
    hours = [hour.wanted() for hour in found if hour.dirty]
    frozen = await freeze(parts, hours, code_version="dag-7", max_skew_ms=1000)
    assert frozen.manifest is not None
    batch = await run(parts, frozen.manifest)
    verification = await verify(parts, batch)
    outcomes = await publish(parts, batch, verification.accepted, commit_terms(NOW_MS))
    await clean(parts, frozen.manifest.batch_id)

    assert (verification.accepted, verification.faults) == ((AT,), {})
    assert [outcome.entry for outcome in outcomes] == world.ledger()
    entry = world.ledger()[0]
    assert (entry.version, entry.code_version, entry.run_id) == (1, "dag-7", "jr_0")
    assert (entry.complete, entry.closed_by, entry.watermark_ms) == (False, "age", None)
    assert world.catalog.partitions == {("rates", HOUR), ("rates_quarantine", HOUR)}
    assert not [key async for key in keys(world, "staging/")]
    assert [hour.dirty for hour in await find(parts, "rates", HOUR.dt)] == [False]


async def keys(world: Any, prefix: str) -> Any:
    async for found in world.store.list(prefix):
        yield found.key


async def test_tasks_that_are_repeated_run_once_and_commit_once(world: Any) -> None:
    await world.land()
    first, second = await frozen_id(world), await frozen_id(world)
    assert first is not None

    outcomes = [await published(world, first), await published(world, first)]

    assert first == second
    assert len(world.glue.runs) == 1
    assert len(world.ledger()) == 1
    assert [[one.entry is not None for one in told] for told in outcomes] == [[True], [False]]
    assert [one.head for told in outcomes for one in told] == world.ledger() * 2
    assert await frozen_id(world) is None


async def test_a_task_that_looked_at_nothing_before_finds_counts_that_do_not_hold(
    world: Any,
) -> None:
    await world.land()
    world.glue.records_more = 1
    batch_id = await frozen_id(world)
    assert batch_id is not None
    batch = await finished(world, batch_id)

    verification = await verify(task(world), batch)

    assert verification.accepted == ()
    assert "metadata says 1" in verification.faults[AT][0]
    world.glue.records_more = 0
    # The result stays, for whoever goes on with another hour of it; the same work has a new name.
    again = await frozen_id(world)
    assert again not in {None, batch_id}
    assert (await verify(task(world), await finished(world, str(again)))).accepted == (AT,)
    assert (await verify(task(world), batch)).accepted == ()
    assert len(world.glue.runs) == 2


async def test_a_batch_over_an_older_head_replaces_nothing(world: Any) -> None:
    await world.land()
    late = await frozen_id(world)
    await world.land()
    newer = await frozen_id(world)
    assert late is not None
    assert newer is not None
    await published(world, newer)
    committed = world.ledger()

    outcomes = await published(world, late)

    assert [(one.refused, one.entry, one.head) for one in outcomes] == [
        ("moved", None, committed[0])
    ]
    assert world.ledger() == committed
    assert len(committed[0].inputs) == 2


async def test_what_is_published_and_not_committed_is_left_to_its_publisher_or_finished_for_it(
    world: Any,
) -> None:
    await world.land()
    first = await frozen_id(world)
    assert first is not None
    await published(world, first)
    await world.land()
    dead = await frozen_id(world)
    assert dead is not None
    batch = await finished(world, dead)
    # It published, and died before the commit: without the entry, that is how the bucket looks.
    await publish(task(world), batch, [AT], commit_terms(NOW_MS))
    await world.store.delete(ledger_key("rates", HOUR, 2))
    await world.land()

    found = (await find(task(world), "rates", HOUR.dt))[0]
    heir = await frozen_id(world, found.wanted())
    assert heir is not None
    outcomes = await published(world, heir)

    assert found.underway is not None
    assert found.differing == ()
    assert [one.refused for one in outcomes] == ["finish_theirs"]
    assert [entry.batch_id for entry in world.ledger()] == [first, dead]


async def test_what_nobody_of_ours_wrote_is_found_and_replaced(world: Any) -> None:
    await world.land()
    first = await frozen_id(world)
    assert first is not None
    await published(world, first)
    key = curated_key("rates", HOUR)
    await world.store.put(key, b"graffiti")

    found = (await find(task(world), "rates", HOUR.dt))[0]
    second = await frozen_id(world, found.wanted())
    assert second is not None
    await published(world, second)

    assert found.differing == (key,)
    assert [entry.version for entry in world.ledger()] == [1, 2]
    assert (await world.store.get(key)) != b"graffiti"


async def test_a_forced_hour_is_frozen_unless_a_newer_version_came(world: Any) -> None:
    await world.land()
    first = await frozen_id(world)
    assert first is not None
    await published(world, first)
    forced = (await find(task(world), "rates", HOUR.dt))[0].wanted(forced=True)

    again = await frozen_id(world, forced)
    assert again is not None
    await published(world, again)

    assert again != first
    assert [entry.version for entry in world.ledger()] == [1, 2]
    assert await frozen_id(world, forced) is None


async def test_a_manifest_stands_where_a_task_of_another_process_finds_it(world: Any) -> None:
    await world.land()
    batch_id = await frozen_id(world)
    assert batch_id is not None

    loaded = await load_manifest(task(world), batch_id)

    assert await world.store.get(manifest_key(batch_id)) == loaded.encode()
    assert [FeedHour(hour.feed, hour.at) for hour in loaded.hours] == [AT]


@pytest.mark.parametrize(("module", "needs"), [("steps", False), ("app", True)])
def test_the_steps_need_no_kafka_client(module: str, needs: bool) -> None:
    asked = f"import sys, etl_runner.{module}; print('aiokafka' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", asked], check=True, capture_output=True, text=True
    )

    assert said.stdout.strip() == str(needs)
