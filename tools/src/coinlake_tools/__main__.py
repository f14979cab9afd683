"""The command `coinlake`: sets up, checks and operates coinlake; `COMMANDS` has what it can do."""

import argparse
import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from dataclasses import fields

import orjson

from coinlake.contracts.topics import TOPICS
from coinlake.errors import CoinlakeError, ConfigError
from coinlake.settings import KafkaSettings, load
from coinlake.topics import describe, ensure_topics
from coinlake_tools import (
    cost,
    hour_commands,
    key_commands,
    lake_commands,
    proof_commands,
    quality_commands,
    readmit_command,
    schema_commands,
    services_http,
)
from coinlake_tools.arguments import parser
from coinlake_tools.aws_calls import open_aws
from coinlake_tools.host_cost import Host, host_lines
from coinlake_tools.provision import STEPS, provision
from coinlake_tools.resources import Lake
from coinlake_tools.settings import Settings

Command = Callable[[argparse.Namespace, Settings], Coroutine[None, None, int | None]]
"""The exit code where it is not 0."""


async def topics(args: argparse.Namespace, settings: Settings) -> None:
    """`coinlake topics create|list`."""
    kafka = load(KafkaSettings, os.environ)
    if args.action == "create":
        made = await ensure_topics(kafka, TOPICS.values(), args.replication_factor)
        for name in TOPICS:
            _say(f"topic {name} {'created' if name in made else 'already exists'}")
        return
    _say(_json(await describe(kafka, TOPICS)))


async def provision_parts(args: argparse.Namespace, settings: Settings) -> None:
    """`coinlake provision --all` or one option per part."""
    parts = list(STEPS) if args.all else args.parts
    if not parts:
        raise ConfigError(
            f"choose --all or at least one of: {', '.join(f'--{name}' for name in STEPS)}"
        )
    lake = Lake(settings.lake.bucket, settings.lake.database, settings.coinlake_glue_role)
    async with open_aws() as aws:
        await provision(aws, lake, settings.aws_default_region, parts, _say)


async def retry(args: argparse.Namespace, settings: Settings) -> None:
    """`coinlake retry`."""
    _say(_json(await hour_commands.order(args, settings)))


async def status(args: argparse.Namespace, settings: Settings) -> None:
    """`coinlake status`: each service's /status; an error where one cannot be asked."""
    urls = settings.urls()
    if not urls:
        raise ConfigError("no service URL is set: set INGESTOR_URL, S3_SINK_URL, …")
    _say(_json(await services_http.status_of_all(urls)))


async def show_cost(args: argparse.Namespace, settings: Settings) -> None:
    """`coinlake cost`: the estimate for a month."""
    plan = cost.Plan(**{field.name: getattr(args, field.name) for field in fields(cost.Plan)})
    host = Host(**{field.name: getattr(args, field.name) for field in fields(Host)})
    if args.calls:
        _say(cost.calls_table(plan))
    _say(cost.rendered(cost.estimate(plan) + (host_lines(host) if args.host else [])))


COMMANDS: dict[str, Command] = {
    "topics": topics,
    "provision": provision_parts,
    "rebuild": schema_commands.rebuild,
    "retry": retry,
    "status": status,
    "promote": schema_commands.promote,
    "cost": show_cost,
    "audit": lake_commands.audit,
    "repair": lake_commands.repair,
    "abandon": lake_commands.abandon,
    "epoch": lake_commands.epoch,
    "readmit": readmit_command.readmit,
    "doctor": proof_commands.examine,
    "lineage": proof_commands.trace,
    "certify": proof_commands.certify,
    "quality": quality_commands.quality,
    "keys": key_commands.keys,
}
# For these 1 is a verdict; what could not be looked at is none.
_VERDICTS = frozenset({"audit", "doctor", "lineage", "certify", "quality"})


def main() -> int:
    """Run one command; 0 where it worked, 2 for a wrong setting, 1 for anything else."""
    args = parser().parse_args()
    try:
        if args.command == "audit" and args.every:
            return lake_commands.keep_auditing(args, load(Settings, os.environ))
        code = asyncio.run(COMMANDS[args.command](args, load(Settings, os.environ)))
    except ConfigError as error:
        sys.stderr.write(f"coinlake: {error}\n")
        return 2
    except CoinlakeError as error:
        sys.stderr.write(f"coinlake: {error}\n")
        return 2 if args.command in _VERDICTS else 1
    return code or 0


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _json(body: object) -> str:
    return orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()


if __name__ == "__main__":
    sys.exit(main())
