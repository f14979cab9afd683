"""`python -m tests.labs.churn`: three sinks killed, frozen, stopped, added and removed at random.

Prints the seed, each action, and what came of it; 0 where every record is in raw exactly once.
With `--controls` the sinks are without one of their rules: 0 where each of those runs is caught.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.labs.churn.play import Outcome, Plan, play
from tests.labs.cluster.versitygw import find_versitygw

CONTROLS = ("overwrite",)
# A rule is missed only where two sinks believe to own a partition; not each run comes to that.
CONTROL_RUNS = 3


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.labs.churn", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300, help="of load (default 300)")
    parser.add_argument("--rate", type=int, default=1000, help="records a second, all in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--control", choices=CONTROLS, help="without this rule")
    parser.add_argument("--controls", action="store_true", help="each must be caught")
    parser.add_argument("--keep", type=Path, help="an empty folder for logs and data")
    wanted = parser.parse_args()
    if wanted.controls:
        missed = [name for name in CONTROLS if not _is_caught(name, wanted)]
        return 1 if missed else 0
    plan = Plan(wanted.seed, wanted.seconds, wanted.rate, wanted.control)
    outcome = _run(plan, wanted.keep)
    return 0 if outcome.is_exact else 1


def _is_caught(name: str, wanted: argparse.Namespace) -> bool:
    for seed in range(wanted.seed, wanted.seed + CONTROL_RUNS):
        if not _run(Plan(seed, wanted.seconds, wanted.rate, name), None).is_exact:
            say(f"control {name}: caught at seed {seed}")
            return True
    say(f"control {name}: NOT CAUGHT")
    return False


def _run(plan: Plan, keep: Path | None) -> Outcome:
    server = "versitygw" if find_versitygw() else "moto"
    without = f", without its rule {plan.control}" if plan.control else ""
    say(
        f"seed {plan.seed}: {plan.seconds:.0f} s, {plan.rate} records/s, "
        f"{len(plan.actions)} actions, {server}{without}"
    )
    with tempfile.TemporaryDirectory(prefix="three-sinks-") as folder:
        outcome = asyncio.run(play(plan, keep or Path(folder), say))
    if outcome.audit[0] != 0:
        say(outcome.audit[1])
    say(str(outcome))
    return outcome


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
