"""The command line of the stack: up, down, demo, and one process at a time."""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType

from local_stack import jars, report
from local_stack.broker import ensure_class_archive
from local_stack.demo import HISTORY_HOURS, demo
from local_stack.errors import StackError
from local_stack.paths import Paths
from local_stack.progress import ProgressLines
from local_stack.record import ApiSource
from local_stack.stack import Stack
from local_stack.status import show_status


def main() -> int:
    """Run one command; 0 where it worked, 1 with a sentence where not, 130 after Ctrl-C."""
    args = _parser().parse_args()
    # `kill` of the foreground demo must stop its children, as Ctrl-C does.
    signal.signal(signal.SIGTERM, _interrupt)
    stack = Stack(Paths(folder=args.folder), os.environ, ProgressLines())
    try:
        return _run(args, stack)
    except StackError as error:
        stack.progress.block("")
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        stack.progress.block("stopped")
        return 130


def _run(args: argparse.Namespace, stack: Stack) -> int:
    match args.command:
        case "up":
            return _up(stack)
        case "down":
            stack.progress.say(
                "everything is stopped" if stack.down() else "nothing was running"
            )
        case "demo":
            return demo(stack, once=args.once, history_hours=args.history)
        case "status":
            return show_status(stack)
        case "jars":
            for profile in (jars.AGENT, jars.KAFKA, jars.SPARK):
                jars.fetch(stack.paths, profile, stack.progress.say)
            try:
                ensure_class_archive(stack.paths, stack.progress.say)
            except StackError as error:
                # Brokers start without it, only more slowly.
                stack.progress.say(f"no archive of Kafka's classes: {error}")
        case _:
            _one(args.command, args.service, stack)
    return 0


def _one(command: str, name: str, stack: Stack) -> None:
    if command == "kill":
        stack.kill(name)
    if command == "stop" or (command == "restart" and name not in stack.dead(stack.running())):
        stack.stop(name)
    if command in ("start", "restart"):
        stack.start(name)


def _up(stack: Stack) -> int:
    known = stack.read()
    if known is not None and known.processes:
        if dead := stack.dead(known):
            raise StackError(
                f"The stack is up without {', '.join(dead)} (see {stack.paths.logs}): "
                f"`.venv/bin/python -m local_stack start {dead[0]}`, or `make down up`."
            )
        stack.progress.say(f"everything is already running; see {stack.paths.env}")
        return 0
    stack.progress.block(report.page(stack.up(ApiSource())))
    stack.progress.say(f"everything is ready; addresses are in {stack.paths.env}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="local_stack", description=__doc__)
    parser.add_argument(
        "--folder",
        type=Path,
        default=os.environ.get("LOCAL_STACK_FOLDER"),
        help="keep logs, data and stack.env here instead of .local (or LOCAL_STACK_FOLDER)",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("up", help="start everything in the background")
    commands.add_parser("down", help="stop everything and discard its data")
    shown = commands.add_parser("demo", help="run everything, show the result, until Ctrl-C")
    shown.add_argument("--once", action="store_true", help="stop after the first hour")
    shown.add_argument(
        "--history",
        type=_hours,
        default=HISTORY_HOURS,
        metavar="HOURS",
        help=f"hours of a simulated market that were before ({HISTORY_HOURS})",
    )
    commands.add_parser("status", help="what runs and how far the data has come")
    commands.add_parser("jars", help="fetch the jars through Maven")
    for name, text in (
        ("start", "start one process again"),
        ("stop", "stop one process (SIGTERM)"),
        ("kill", "kill one process (SIGKILL)"),
        ("restart", "stop and start one process"),
    ):
        commands.add_parser(name, help=text).add_argument("service")
    return parser


def _hours(text: str) -> int:
    hours = int(text)
    if not 0 <= hours <= 24:
        raise argparse.ArgumentTypeError("0 to 24")
    return hours


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
