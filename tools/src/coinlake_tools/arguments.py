"""The command line of `coinlake`: every command and its options."""

import argparse
from dataclasses import fields

from coinlake.contracts.answers import RejectReason
from coinlake.contracts.datasets import ELEMENTS, TABLES, TABULAR
from coinlake.contracts.elements import TYPES
from coinlake.contracts.glue_quality import RULED_BY_GLUE
from coinlake.contracts.query_keys import SCOPES
from coinlake_tools import proof_arguments
from coinlake_tools.cost import Plan
from coinlake_tools.host_cost import INSTANCES, Host
from coinlake_tools.provision import STEPS
from coinlake_tools.readmit_command import MAX_SKEW_S


def parser() -> argparse.ArgumentParser:
    """The parser; the namespace has `command`, and the options of that command."""
    top = argparse.ArgumentParser(
        prog="coinlake", description="Set up, check and operate coinlake."
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _topics(commands.add_parser("topics", help="create or list the Kafka topics"))
    _provision(commands.add_parser("provision", help="create whatever is missing in AWS"))
    _rebuild(commands.add_parser("rebuild", help="rebuild hours from their raw data"))
    _hour(
        commands.add_parser(
            "retry", help="retry hours that were parked after repeated failures"
        )
    )
    commands.add_parser("status", help="show the status of each service as JSON")
    proof_arguments.audit(
        commands.add_parser("audit", help="prove that raw holds every record exactly once")
    )
    _repair(commands.add_parser("repair", help="restore lost raw objects from Kafka"))
    _abandon(
        commands.add_parser("abandon", help="give up offsets that no longer exist anywhere")
    )
    _epoch(
        commands.add_parser("epoch", help="begin a new epoch for a topic that was re-created")
    )
    _readmit(
        commands.add_parser(
            "readmit", help="judge rejected answers again and re-admit what can be used now"
        )
    )
    proof_arguments.doctor(
        commands.add_parser("doctor", help="show what differs between raw, ledger and tables")
    )
    proof_arguments.lineage(
        commands.add_parser("lineage", help="follow a row back to the bytes that it is of")
    )
    proof_arguments.certify(
        commands.add_parser("certify", help="write or check the certificate of a day")
    )
    _keys(
        commands.add_parser(
            "keys", help="make, list, rotate and revoke keys of the query service"
        )
    )
    _promote(commands.add_parser("promote", help="give a field that is only in extra a column"))
    _quality(
        commands.add_parser("quality", help="print, evaluate and replay the quality rules")
    )
    _cost(commands.add_parser("cost", help="estimate what a month on AWS costs"))
    return top


def _topics(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("action", choices=["create", "list"])
    sub.add_argument(
        "--replication-factor", type=int, default=1, help="replicas of each partition"
    )


def _provision(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--all", action="store_true", help="all parts, in order")
    for name in STEPS:
        sub.add_argument(
            f"--{name}", dest="parts", action="append_const", const=name, help=f"the {name}"
        )


def _keys(sub: argparse.ArgumentParser) -> None:
    actions = sub.add_subparsers(dest="action", required=True, metavar="ACTION")
    make = actions.add_parser("make", help="make a key; its secret is printed once")
    make.add_argument("name", help="whom it is for: 1 to 64 letters, digits, dots, dashes")
    make.add_argument(
        "--scope",
        action="append",
        choices=SCOPES,
        required=True,
        help="what it may do; may be repeated",
    )
    make.add_argument("--day-bytes", type=int, help="a budget of its own: bytes read per day")
    make.add_argument("--minute-bytes", type=int, help="the same per minute")
    rotate = actions.add_parser(
        "rotate", help="give a key a new secret; the old one goes on for a while"
    )
    rotate.add_argument("name", help="the key")
    rotate.add_argument(
        "--overlap-hours",
        type=float,
        default=24.0,
        help="how long the old secret still opens (default 24)",
    )
    for one in (make, rotate):
        one.add_argument(
            "--expires-days", type=float, help="when the new secret ends; without it never"
        )
    actions.add_parser("revoke", help="let a key open nothing any more").add_argument(
        "name", help="the key"
    )
    listing = actions.add_parser("list", help="show the keys, their ends and their last use")
    listing.add_argument("--json", action="store_true", help="as JSON")


def _hour(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--feed", choices=list(TABULAR), help="one feed; without it every feed")
    sub.add_argument("--dt", required=True, help="UTC day, YYYY-MM-DD")
    sub.add_argument("--hour", help="UTC hour, 00 to 23; without it every hour of the day")


def _rebuild(sub: argparse.ArgumentParser) -> None:
    _hour(sub)
    sub.add_argument(
        "--accept-missing",
        action="store_true",
        help="also without raw objects that are gone, whose rows are given up",
    )
    sub.add_argument(
        "--to", metavar="DT", help="the last UTC day of a range that begins with --dt"
    )
    how = sub.add_mutually_exclusive_group()
    how.add_argument(
        "--dry-run", action="store_true", help="only say how many hours and dollars it would be"
    )
    how.add_argument("--yes", action="store_true", help="do not ask, also at a terminal")


def _repair(sub: argparse.ArgumentParser) -> None:
    _partition(sub)
    sub.add_argument(
        "--from", type=int, required=True, dest="start", help="first offset of the range"
    )
    sub.add_argument(
        "--to",
        type=int,
        required=True,
        dest="stop",
        help="offset after the last one of the range",
    )
    sub.add_argument(
        "--cut",
        type=int,
        action="append",
        default=[],
        help="offset at which a lost object began; may be repeated",
    )
    sub.add_argument("--dry-run", action="store_true", help="only compare; write nothing")


def _abandon(sub: argparse.ArgumentParser) -> None:
    _partition(sub)
    sub.add_argument(
        "--to", type=int, required=True, dest="stop", help="offset at which the chain continues"
    )
    _mark(sub)


def _epoch(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("action", choices=["raise"])
    sub.add_argument("--topic", required=True)
    _mark(sub)


def _partition(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--topic", required=True)
    sub.add_argument("--partition", type=int, required=True)


def _mark(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--reason", required=True, help="why; it is kept in the bucket")
    sub.add_argument("--group", default="coinlake-s3-sink", help="the sinks' consumer group")


def _readmit(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--dt", required=True, help="UTC day, YYYY-MM-DD")
    sub.add_argument("--hour", help="UTC hour, 00 to 23; without it every hour of the day")
    sub.add_argument(
        "--feed",
        action="append",
        default=[],
        choices=list(ELEMENTS),
        help="only answers of this feed; may be repeated",
    )
    sub.add_argument(
        "--reason",
        action="append",
        default=[],
        choices=[str(reason) for reason in RejectReason],
        help="only answers that were rejected for this reason; may be repeated",
    )
    sub.add_argument(
        "--max-skew-s",
        type=float,
        default=MAX_SKEW_S,
        metavar="S",
        help="how far an answer's timestamp may be from the time it was received;"
        f" default {MAX_SKEW_S:g}, as the ingestor's",
    )
    sub.add_argument(
        "--apply",
        action="store_true",
        help="send them to their topics; without it only say what can be used",
    )


def _quality(sub: argparse.ArgumentParser) -> None:
    actions = sub.add_subparsers(dest="action", required=True, metavar="ACTION")
    dqdl = actions.add_parser("dqdl", help="print the rules as Glue Data Quality rulesets")
    dqdl.add_argument(
        "table", nargs="?", choices=list(TABLES), help="one table; without it each that has one"
    )
    evaluate = actions.add_parser(
        "evaluate", help="have Glue evaluate a day (billed), and keep what it says"
    )
    evaluate.add_argument("--dt", required=True, help="UTC day, YYYY-MM-DD")
    evaluate.add_argument("--table", choices=list(RULED_BY_GLUE), help="one table")
    collect = actions.add_parser("collect", help="keep the results of Glue's own schedule")
    collect.add_argument("--since", required=True, help="first UTC day, YYYY-MM-DD")
    replay = actions.add_parser(
        "replay", help="rebuild the hours that have something in quarantine for a rule"
    )
    replay.add_argument("--rule", required=True, help="the rule's name, as in the quarantine")
    replay.add_argument("--from", required=True, dest="first", help="first UTC day, YYYY-MM-DD")
    replay.add_argument("--to", required=True, dest="last", help="last UTC day, YYYY-MM-DD")
    replay.add_argument("--feed", choices=list(TABULAR), help="one feed; without it every feed")
    replay.add_argument(
        "--uncounted",
        action="store_true",
        help="also hours with a quarantine whose version counted no rules",
    )
    replay.add_argument("--dry-run", action="store_true", help="only show hours and cost")


def _promote(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("field", help="the JSON key, as the view unknown_fields names it")
    sub.add_argument("--feed", choices=list(ELEMENTS), help="where several feeds have it")
    sub.add_argument("--column", help="the column's name; the default is made from the key")
    sub.add_argument(
        "--kind",
        choices=list(TYPES),
        help="the column's kind; the default holds all values seen",
    )
    sub.add_argument("--dt", help="the last UTC day to look at; the default is today")
    sub.add_argument(
        "--days", type=int, default=7, metavar="N", help="how many days to look at; default 7"
    )
    sub.add_argument(
        "--write", action="store_true", help="write the line into the checkout around here"
    )


def _cost(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--host", action="store_true", help="include the EC2 host")
    sub.add_argument(
        "--calls", action="store_true", help="show each operation and its calls per hour first"
    )
    for field in fields(Host):
        flag = f"--{field.name.replace('_', '-')}"
        of = {"choices": list(INSTANCES)} if field.name == "instance" else {"type": float}
        sub.add_argument(flag, default=field.default, help=f"default {field.default}", **of)
    for field in fields(Plan):
        flag = f"--{field.name.replace('_', '-')}"
        sub.add_argument(
            flag, type=float, default=field.default, help=f"default {field.default}"
        )
