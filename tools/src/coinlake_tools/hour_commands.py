"""`coinlake rebuild` and `coinlake retry`: hours of the runner, one, a day or some days of them."""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from coinlake.errors import ConfigError, TransientError
from coinlake.store import ObjectStore
from coinlake_tools import services_http
from coinlake_tools.published_hours import days_between, hours_named
from coinlake_tools.rebuild_cost import RebuildCost, rebuild_cost
from coinlake_tools.settings import Settings

_NOTHING_TO_DO = 404


async def order(args: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    """Send the command for each hour; which were accepted, and for which there is nothing to do.

    Raises ConfigError for an impossible hour, TransientError where the runner refuses one or is away:
    what was accepted before stays accepted, and may be sent again.
    """
    more = {"accept_missing": True} if getattr(args, "accept_missing", False) else {}
    return await send(args.command, list(_hours(args)), settings, more)


async def send(
    command: str,
    hours: Sequence[tuple[str, Hour]],
    settings: Settings,
    more: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """The same for these hours of feeds; `more` goes with each."""
    url = settings.urls().get("etl-runner")
    if url is None:
        raise ConfigError("ETL_RUNNER_URL is not set")
    secret = settings.etl_runner_admin_token
    token = secret.get_secret_value() if secret else None
    accepted, nothing = [], []
    for feed, hour in hours:
        body = {"feed": feed, "dt": hour.dt, "hour": hour.hour, **more}
        status, answer = await services_http.posted(url, f"/v1/{command}", body, token)
        name = f"{feed}/{hour.dt}/{hour.hour}"
        if status == _NOTHING_TO_DO:
            nothing.append(name)
        elif status < 400:
            accepted.append(name)
        else:
            done = f" ({len(accepted)} hours were accepted before)" if accepted else ""
            raise TransientError(f"{name}: {status} {_said(answer)}{done}")
    if not accepted:
        raise TransientError(
            f"nothing to do for {', '.join(nothing[:3])}{' …' * (len(nothing) > 3)}"
        )
    return {"accepted": accepted, "nothing_to_do": nothing}


def _hours(args: argparse.Namespace) -> Iterator[tuple[str, Hour]]:
    feeds = [args.feed] if args.feed else list(TABULAR)
    for feed in feeds:
        for dt in days_of(args):
            for hour in hours_named(dt, args.hour):
                yield feed, hour


def days_of(args: argparse.Namespace) -> list[str]:
    """The days that the options name. Raises ConfigError where they name none."""
    last = getattr(args, "to", None)
    if last is None:
        return [args.dt]
    if args.hour:
        raise ConfigError("choose --hour or --to: an hour is of one day")
    return days_between(args.dt, last)


async def price(args: argparse.Namespace, store: ObjectStore) -> RebuildCost:
    """What a rebuild of these hours would cost. Raises ConfigError, TransientError."""
    for dt in days_of(args):
        hours_named(dt, args.hour)
    feeds = [args.feed] if args.feed else list(TABULAR)
    return await rebuild_cost(store, feeds, days_of(args), args.hour)


def _said(answer: Any) -> str:
    return str(answer.get("error", answer) if isinstance(answer, Mapping) else answer)[:300]
