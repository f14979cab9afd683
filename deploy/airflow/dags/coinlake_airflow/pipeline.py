"""The tasks that both DAGs have: freeze what was found, then run, verify and publish each batch."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from airflow.sdk import Param, TriggerRule, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from pydantic import JsonValue

from coinlake.contracts.datasets import TABULAR

from . import finishing
from .alerts import tell
from .assets import EVERY_FEED
from .boundary import advance
from .config import Settings, settings
from .days import hour_named, partition_key
from .finding import Found, Range, freeze_all, hours_in, recent_hours
from .handed_on import Handed, from_json, to_json
from .lake import Lake, open_lake
from .rebuilding import RebuildOperator

Said = TypeVar("Said")

ASIDE, PARKED = "aside", "parked"


def defaults() -> dict[str, Any]:
    """What every task has: further tries for what is away, and an alert after the last."""
    return {
        "retries": settings().retries,
        "retry_delay": timedelta(seconds=settings().retry_s),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=30),
        "on_failure_callback": [tell],
    }


def in_lake(do: Callable[[Lake, Settings], Awaitable[Said]]) -> Said:
    """Do something with the lake: one task is one event loop."""

    async def done() -> Said:
        async with open_lake(settings()) as lake:
            return await do(lake, settings())

    return asyncio.run(done())


def now_ms() -> int:
    return int(time.time() * 1000)


@task(task_id="find")
def find_recent() -> Handed:
    """What is to do in the recent days and one older day, of every feed."""
    return handed_on(in_lake(lambda lake, at: recent_hours(lake.parts, at, now_ms())))


@task(task_id="find")
def find_in_range() -> Handed:
    """What is to do in the hours that somebody asked for, see `range_params`."""
    params = get_current_context()["params"]
    first, last = hour_named(params["first"]), hour_named(params["last"])
    wanted = Range(first, last, tuple(params["feeds"]), params["forced"])
    return handed_on(in_lake(lambda lake, at: hours_in(lake.parts, at, wanted, now_ms())))


def range_params() -> dict[str, Param]:
    """What a backfill is asked for."""
    hour = r"^\d{4}-\d{2}-\d{2}T\d{2}$"
    return {
        "first": Param(type="string", pattern=hour, description="First hour, as 2026-11-20T07"),
        "last": Param(type="string", pattern=hour, description="Last hour, itself included"),
        "feeds": Param(
            [], type="array", items={"enum": list(TABULAR)}, description="None: all of them"
        ),
        "forced": Param(
            False, type="boolean", description="Also hours in which nothing changed"
        ),
    }


def handed_on(found: Found) -> Handed:
    """What `find` gives to the next task."""
    get_current_context()["ti"].xcom_push(key=ASIDE, value=found.aside)
    return to_json(found.batches)


def make_tables(found: Any) -> None:
    """From what `find` gives to tables, for both DAGs."""
    batch_ids: Any = freeze_batches(found)
    batch.expand(batch_id=batch_ids)
    left_out(found, batch_ids)


@task(task_id="freeze")
def freeze_batches(found: Handed) -> list[str]:
    """Batches with a manifest in the bucket; a batch that failed before comes in halves."""
    frozen = in_lake(lambda lake, at: freeze_all(lake.parts, at, from_json(found)))
    get_current_context()["ti"].xcom_push(key=PARKED, value=frozen.parked)
    return frozen.batch_ids


@task(trigger_rule=TriggerRule.ALL_DONE)
def left_out(found: Handed, frozen: list[str]) -> None:
    """Fails where an hour is left out, so that somebody looks; the others are made all the same."""
    ti = get_current_context()["ti"]
    asides = ti.xcom_pull(task_ids="find", key=ASIDE) or []
    parked = ti.xcom_pull(task_ids="freeze", key=PARKED) or []
    if asides or parked:
        raise AirflowFailException(f"hours left out: {'; '.join([*asides, *parked])}")


@task
def verify(batch_id: str) -> list[str]:
    """What is wrong with the counts: `gate` fails of it, once the other hours are published."""
    return in_lake(lambda lake, _: finishing.verified(lake.parts, batch_id))


@task
def publish(batch_id: str) -> list[str]:
    """Publish, register partitions (or crawl for a table that is missing), commit to the ledger."""
    return in_lake(lambda lake, at: finishing.published(lake.parts, at, batch_id))


@task(outlets=list(EVERY_FEED.values()))
def announce(batch_id: str) -> None:
    """An event for each published hour that holds by its quality rules."""
    context = get_current_context()
    found = in_lake(lambda lake, at: finishing.judged(lake.parts, at, batch_id))
    by_feed: dict[str, dict[str, int]] = {}
    for hour, version in found.good.items():
        by_feed.setdefault(hour.feed, {})[partition_key(hour.at)] = version
    # An outlet without an event of its own would get one without a partition
    # (Airflow 3.3, models/taskinstance.py: register_asset_changes_in_db).
    context["ti"].task.outlets = [EVERY_FEED[feed] for feed in by_feed]
    if not by_feed:
        raise AirflowSkipException("no hour is to be announced")
    for feed, versions in by_feed.items():
        event = context["outlet_events"][EVERY_FEED[feed]]
        event.add_partitions(list(versions))
        event.extra["versions"] = dict[str, JsonValue](versions)


@task(trigger_rule=TriggerRule.NONE_FAILED)
def gate(batch_id: str, wrong: list[str]) -> None:
    """Fails where an hour of the batch was refused or is not announced, and says why."""
    found = in_lake(lambda lake, at: finishing.judged(lake.parts, at, batch_id))
    if wrong or found.held:
        raise AirflowFailException("; ".join([*wrong, *found.held]))


@task(trigger_rule=TriggerRule.NONE_FAILED)
def move_live_views(batch_id: str) -> None:
    """Let the live views read from the tables what is in them now."""
    in_lake(lambda lake, at: advance(lake, at, now_ms()))


@task_group
def batch(batch_id: str) -> None:
    """One batch: nothing but its id goes from task to task, so each may be cleared and tried again."""
    ran = RebuildOperator(task_id="run", batch_id=batch_id, settings=settings())
    wrong: Any = verify(batch_id)
    done = publish(batch_id)
    told = announce(batch_id)
    ran >> wrong >> done >> told >> gate(batch_id, wrong)
    done >> move_live_views(batch_id)
