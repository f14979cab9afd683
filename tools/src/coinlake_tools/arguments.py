"""The command line of `coinlake`: every command and its options."""

import argparse
from dataclasses import fields

from coinlake.contracts.feeds import FEEDS
from coinlake_tools.cost import Plan
from coinlake_tools.provision import STEPS


def parser() -> argparse.ArgumentParser:
    """The parser; the namespace has `command`, and the options of that command."""
    top = argparse.ArgumentParser(prog="coinlake", description="Set up and steer coinlake.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _topics(commands.add_parser("topics", help="create or list the Kafka topics"))
    _provision(commands.add_parser("provision", help="create what is missing in AWS"))
    _hour(commands.add_parser("rebuild", help="make one hour of a feed anew from its raw data"))
    _hour(commands.add_parser("retry", help="try an hour again that was parked after failures"))
    commands.add_parser("status", help="what each service says of itself, as JSON")
    _cost(commands.add_parser("cost", help="what a month on AWS costs"))
    return top


def _topics(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("action", choices=["create", "list"])
    sub.add_argument(
        "--replication-factor", type=int, default=1, help="copies of each partition"
    )


def _provision(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--all", action="store_true", help="everything, in order")
    for name in STEPS:
        sub.add_argument(
            f"--{name}", dest="parts", action="append_const", const=name, help=f"the {name}"
        )


def _hour(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--feed", required=True, choices=list(FEEDS))
    sub.add_argument("--dt", required=True, help="UTC day, YYYY-MM-DD")
    sub.add_argument("--hour", required=True, help="UTC hour, 00 to 23")


def _cost(sub: argparse.ArgumentParser) -> None:
    for field in fields(Plan):
        flag = f"--{field.name.replace('_', '-')}"
        sub.add_argument(
            flag, type=float, default=field.default, help=f"default {field.default}"
        )
