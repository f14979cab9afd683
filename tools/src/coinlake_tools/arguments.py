"""The command line of `coinlake`: every command and its options."""

import argparse
from dataclasses import fields

from coinlake.contracts.datasets import TABLES, TABULAR
from coinlake.contracts.elements import TYPES
from coinlake.contracts.glue_quality import RULED_BY_GLUE
from coinlake_tools.cost import Plan
from coinlake_tools.doctor import PATIENCE_H
from coinlake_tools.host_cost import INSTANCES, Host
from coinlake_tools.provision import STEPS


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
    _audit(commands.add_parser("audit", help="prove that raw holds every record exactly once"))
    _repair(commands.add_parser("repair", help="restore lost raw objects from Kafka"))
    _abandon(
        commands.add_parser("abandon", help="give up offsets that no longer exist anywhere")
    )
    _epoch(
        commands.add_parser("epoch", help="begin a new epoch for a topic that was re-created")
    )
    _doctor(
        commands.add_parser("doctor", help="show what differs between raw, ledger and tables")
    )
    _lineage(
        commands.add_parser("lineage", help="follow a row back to the bytes that it is of")
    )
    _certify(commands.add_parser("certify", help="write or check the certificate of a day"))
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


def _audit(sub: argparse.ArgumentParser) -> None:
    sub.add_argument(
        "--topic", action="append", default=[], help="audit only this topic; may be repeated"
    )
    sub.add_argument(
        "--deep", action="store_true", help="read every object and compare it with Kafka"
    )
    how_much = sub.add_mutually_exclusive_group()
    how_much.add_argument(
        "--full",
        action="store_true",
        help="prove everything anew; the default without --every",
    )
    how_much.add_argument(
        "--remembered",
        action="store_true",
        help="go on from what earlier audits have proven, and prove some days of it again; the default with --every",
    )
    sub.add_argument(
        "--raw-expires",
        action="store_true",
        help="the bucket has a rule that expires raw objects",
    )
    sub.add_argument(
        "--wait",
        type=float,
        default=0.0,
        metavar="S",
        help="seconds to wait for records that are still on their way",
    )
    sub.add_argument("--json", metavar="FILE", help="write the complete verdict to this file")
    sub.add_argument(
        "--every",
        type=float,
        metavar="S",
        help="repeat after so many seconds until stopped, and serve /metrics",
    )
    sub.add_argument(
        "--listen",
        default="127.0.0.1:0",
        metavar="HOST:PORT",
        help="address of /metrics; only with --every",
    )


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


def _doctor(sub: argparse.ArgumentParser) -> None:
    which = sub.add_mutually_exclusive_group()
    which.add_argument("--dt", help="only this UTC day, YYYY-MM-DD")
    which.add_argument(
        "--days", type=int, default=3, metavar="N", help="today and the days before; default 3"
    )
    which.add_argument(
        "--all", action="store_true", help="every day there is; says first what that costs"
    )
    sub.add_argument(
        "--feed",
        action="append",
        default=[],
        choices=list(TABULAR),
        help="only this feed; may be repeated",
    )
    sub.add_argument("--json", metavar="FILE", help="write the complete report to this file")
    sub.add_argument(
        "--patience",
        type=float,
        default=PATIENCE_H,
        metavar="HOURS",
        help=f"how long what is normal for a while may last; default {PATIENCE_H:g}",
    )
    sub.add_argument(
        "--raw-expires",
        type=float,
        metavar="DAYS",
        help="a rule of the bucket expires raw objects after so many days",
    )


def _lineage(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--table", required=True, help="the table that the row is of")
    sub.add_argument("--row", metavar="FILE", help="the row as JSON; - reads standard input")
    sub.add_argument("--raw-object", metavar="KEY", help="the row's raw_object")
    sub.add_argument("--offset", type=int, metavar="N", help="the row's kafka_offset")
    sub.add_argument("--element", type=int, metavar="I", help="the row's element_index")


def _certify(sub: argparse.ArgumentParser) -> None:
    what = sub.add_mutually_exclusive_group()
    what.add_argument("--dt", help="the UTC day to certify, YYYY-MM-DD")
    what.add_argument(
        "--check", metavar="FILE", help="say in what the lake is not as certified"
    )
    sub.add_argument(
        "--out",
        metavar="DIR",
        help="folder to write to; without it certificates/ in the bucket",
    )
    sub.add_argument(
        "--even-so",
        action="store_true",
        help="certify a day that is not complete, or in which something is wrong; the certificate says so",
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
    sub.add_argument("--feed", choices=list(TABULAR), help="where several feeds have it")
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
