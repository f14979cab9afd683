"""`coinlake promote`, and `coinlake rebuild` with what it costs: a schema that moves."""

import argparse
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson

from coinlake.contracts.datasets import ELEMENTS, TABULAR
from coinlake.errors import ConfigError, TransientError
from coinlake.s3 import open_store
from coinlake.store import ObjectStore
from coinlake_tools import hour_commands, promotion
from coinlake_tools.doctor import day_named
from coinlake_tools.field_samples import SeenField, seen_in, values_of
from coinlake_tools.promotion import SOURCE, Proposal
from coinlake_tools.published_hours import MAX_DAYS, days_between
from coinlake_tools.rebuild_cost import cost_of
from coinlake_tools.settings import Settings


async def rebuild(args: argparse.Namespace, settings: Settings) -> int:
    """`coinlake rebuild`: first the hours and dollars, then the orders. 1 where nobody said yes."""
    try:
        async with open_store(settings.lake.bucket) as store:
            priced = (await hour_commands.price(args, store)).told()
    except TransientError as error:
        if args.dry_run:
            raise
        # Mending must not wait for an estimate: the runner decides what there is to rebuild.
        priced = f"what it costs is not known: {error}"
    if args.dry_run:
        _say(priced)
        return 0
    sys.stderr.write(f"{priced}\n")
    if not args.yes and sys.stdin.isatty() and not _agreed():
        sys.stderr.write("nothing was sent\n")
        return 1
    _say(
        orjson.dumps(
            await hour_commands.order(args, settings), option=orjson.OPT_INDENT_2
        ).decode()
    )
    return 0


async def promote(args: argparse.Namespace, settings: Settings) -> None:
    """`coinlake promote FIELD`: the contract's line for a key, written where `--write` says so."""
    if args.field.startswith("envelope."):
        raise ConfigError(
            f"{args.field} is beside data: only a key of its entries has a column"
        )
    days = _days(args.dt, args.days)
    async with open_store(settings.lake.bucket) as store:
        seen, made = await _proposed(args, store, days)
    _say(f"{made.line}")
    nulls = f", {made.nulls} null" if made.nulls else ""
    _say(f"  {made.values} values of {args.field} in {seen.feed} were looked at{nulls}")
    if args.write:
        where = _checkout() / SOURCE
        where.write_text(promotion.with_field(where.read_text(), made))
        _say(f"  written to {where}, version {made.dataset.version + 1} of {seen.feed}")
        _say("  next: make docs, make check, a commit, and the deployment of job and runner")
    else:
        _say(f"  goes to {SOURCE}: the fields of {seen.feed}, and its next version; or --write")
    _say(f"  {_rebuild_told(seen)}")


async def _proposed(
    args: argparse.Namespace, store: ObjectStore, days: list[str]
) -> tuple[SeenField, Proposal]:
    candidates = await seen_in(store, args.field, _free(args.field, args.feed), days)
    found = [(one, await values_of(store, one, args.field)) for one in candidates]
    found = [(one, values) for one, values in found if values]
    if not found:
        raise ConfigError(
            f"no answer of {days[0]} to {days[-1]} that was looked at has the key {args.field}"
        )
    if len(found) > 1:
        feeds = ", ".join(one.feed for one, _ in found)
        raise ConfigError(f"{feeds} have the key {args.field}: choose --feed")
    ((seen, values),) = found
    made = promotion.proposal(TABULAR[seen.feed], args.field, values, args.column, args.kind)
    return seen, made


def _free(field: str, feed: str | None) -> list[str]:
    """The feeds in which the key has no column yet. Raises ConfigError where there is none."""
    named = list(ELEMENTS) if feed is None else [feed]
    refused = {one: promotion.refusal(TABULAR[one], field) for one in named}
    free = [one for one, reason in refused.items() if reason is None]
    if not free:
        raise ConfigError("; ".join(dict.fromkeys(filter(None, refused.values()))))
    return free


def _rebuild_told(seen: SeenField) -> str:
    """What it costs to fill the column, and the command."""
    hours = {
        at: key for at, key in seen.keys.items() if not seen.is_told or at[1] in seen.hours
    }
    first, last = min(hour for _, hour in hours), max(hour for _, hour in hours)
    command = f"coinlake rebuild --feed {seen.feed} --dt {first.dt} --to {last.dt}"
    return f"a rebuild fills it: {cost_of(hours, seen.entries).told()}\n  {command}"


def _days(dt: str | None, count: int) -> list[str]:
    last = datetime.now(UTC).date() if dt is None else date.fromisoformat(day_named(dt))
    if not 0 < count <= MAX_DAYS:
        raise ConfigError(f"--days is from 1 to {MAX_DAYS}")
    return days_between((last - timedelta(days=count - 1)).isoformat(), last.isoformat())


def _checkout() -> Path:
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / SOURCE).is_file():
            return folder
    raise ConfigError(f"{here} is in no checkout of coinlake: there is no {SOURCE}")


def _agreed() -> bool:
    sys.stderr.write("Rebuild them? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
