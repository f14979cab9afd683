"""`coinlake quality …`: rules as DQDL, Glue's own evaluation of them, and replay of what was put aside."""

import argparse
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.glue_quality import RULED_BY_GLUE, dqdl
from coinlake.contracts.quality import rules_of_table
from coinlake.errors import ConfigError
from coinlake.s3 import open_store
from coinlake.store import ObjectStore
from coinlake_tools import hour_commands, quality_glue, quality_replay
from coinlake_tools.aws_calls import open_aws
from coinlake_tools.doctor import day_named
from coinlake_tools.published_hours import days_between, heads, newest_versions
from coinlake_tools.quality_glue import GlueOutcome
from coinlake_tools.quality_replay import QuarantinedHour, Selection
from coinlake_tools.settings import Settings

# More lines would hide the first, which tells most.
_SHOWN = 50


async def quality(args: argparse.Namespace, settings: Settings) -> int | None:
    """One action; the exit code where it is not 0."""
    return await _ACTIONS[args.action](args, settings)


async def _dqdl(args: argparse.Namespace, _: Settings) -> None:
    for table in [args.table] if args.table else RULED_BY_GLUE:
        try:
            said = dqdl(rules_of_table(table))
        except ValueError as error:
            raise ConfigError(
                f"{table}: {error} (docs/reference/quality.md says why)"
            ) from None
        if not args.table:
            _say(f"# {table}")
        sys.stdout.write(said)


async def _replay(args: argparse.Namespace, settings: Settings) -> int:
    """0: every hour was accepted, or there is none; 1: an entry cannot be read, its hour is left out."""
    feeds = [args.feed] if args.feed else list(TABULAR)
    days = days_between(args.first, args.last)
    async with _store(settings) as store:
        keys = await newest_versions(store, feeds, days)
        found = await heads(store, list(keys.values()))
    selection = quality_replay.selected(found, args.rule)
    hours = [*selection.hours, *(selection.uncounted if args.uncounted else ())]
    _tell(selection, hours)
    if hours and not args.dry_run:
        ordered = [(hour.feed, hour.at) for hour in hours]
        answer = await hour_commands.send("rebuild", ordered, settings)
        _say(f"accepted: {len(answer['accepted'])} hours")
        for name in answer["nothing_to_do"]:
            _say(f"nothing to do: {name} has no raw objects")
    return 1 if selection.unreadable else 0


def _tell(selection: Selection, hours: list[QuarantinedHour]) -> None:
    for one in selection.unreadable:
        _say(f"left out: {one.key} cannot be read: {one.said}")
    for hour in hours[:_SHOWN]:
        _say(str(hour))
    if len(hours) > _SHOWN:
        _say(f"… and {len(hours) - _SHOWN} more")
    left = [hour for hour in selection.uncounted if hour not in hours]
    if left:
        _say(
            f"{len(left)} hours have something in quarantine, of versions that counted no rules:"
            " --uncounted replays them too"
        )
    least, most = quality_replay.estimate_usd(hours)
    _say(f"to rebuild: {len(hours)} hours, {least:.4f} to {most:.4f} USD of Glue runs")


async def _evaluate(args: argparse.Namespace, settings: Settings) -> int:
    """0: every rule held; 1: one failed, or had nothing to judge."""
    dt = day_named(args.dt)
    tables = [args.table] if args.table else list(RULED_BY_GLUE)
    lake = settings.lake
    async with open_aws() as aws, _store(settings) as store:
        request = quality_glue.EvaluationRequest(
            lake.database, dt, settings.coinlake_quality_role
        )
        runs = [await quality_glue.start(aws.glue, request, table) for table in tables]
        lines: list[GlueOutcome] = []
        for run in runs:
            for result in await quality_glue.ended(aws.glue, run):
                lines += await quality_glue.kept(aws.glue, store, result)
    for line in lines:
        _say(_said(line))
    return 0 if lines and all(_is_good(line) for line in lines) else 1


def _said(line: GlueOutcome) -> str:
    result = "NO ROWS" if line.rows == 0 else line.result
    message = f": {line.message}" if line.message else ""
    return f"{result} {line.table_name} {line.rule or line.dqdl}{message}"


def _is_good(line: GlueOutcome) -> bool:
    """A rule that had nothing to judge did not hold."""
    return line.result == "PASS" and line.rows != 0


async def _collect(args: argparse.Namespace, settings: Settings) -> None:
    since = day_named(args.since)
    async with open_aws() as aws, _store(settings) as store:
        made = await quality_glue.collected(aws.glue, store, settings.lake.database, since)
    _say(f"results kept: {made.new} new, {made.known} known before")


@asynccontextmanager
async def _store(settings: Settings) -> AsyncIterator[ObjectStore]:
    async with open_store(settings.lake.bucket) as store:
        yield store


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


_ACTIONS: dict[str, Callable[[argparse.Namespace, Settings], Awaitable[int | None]]] = {
    "dqdl": _dqdl,
    "evaluate": _evaluate,
    "collect": _collect,
    "replay": _replay,
}
