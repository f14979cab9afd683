"""The options of the commands that prove and compare: audit, doctor, lineage and certify."""

import argparse

from coinlake.contracts.datasets import TABULAR
from coinlake_tools.doctor import PATIENCE_H


def audit(sub: argparse.ArgumentParser) -> None:
    """Options of `coinlake audit`."""
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


def doctor(sub: argparse.ArgumentParser) -> None:
    """Options of `coinlake doctor`."""
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


def lineage(sub: argparse.ArgumentParser) -> None:
    """Options of `coinlake lineage`."""
    sub.add_argument("--table", required=True, help="the table that the row is of")
    sub.add_argument("--row", metavar="FILE", help="the row as JSON; - reads standard input")
    sub.add_argument("--raw-object", metavar="KEY", help="the row's raw_object")
    sub.add_argument("--offset", type=int, metavar="N", help="the row's kafka_offset")
    sub.add_argument("--element", type=int, metavar="I", help="the row's element_index")


def certify(sub: argparse.ArgumentParser) -> None:
    """Options of `coinlake certify`."""
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
