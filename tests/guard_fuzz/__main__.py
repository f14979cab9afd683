"""`python -m tests.guard_fuzz --part 3`: one of the campaign's parts; exit code 1 at a hole."""

import argparse
import json
import sys

from tests.guard_fuzz.run import PART, PARTS, Found, fuzz


def main() -> int:
    """Print the figures as JSON; 1 where a statement touched what nobody may read, or too few ran."""
    parser = argparse.ArgumentParser(prog="python -m tests.guard_fuzz", description=__doc__)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--part", type=int, choices=range(PARTS), help=f"of {PART} statements")
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    wanted = parser.parse_args()
    start, count = wanted.start, wanted.count
    if wanted.part is not None:
        start, count = wanted.part * PART, PART
    found = fuzz(wanted.seed, range(start, start + count), _going_on)
    sys.stdout.write(f"{json.dumps(found.said())}\n")
    return int(bool(found.holes) or found.accepted * 2 < found.asked)


def _going_on(found: Found) -> bool:
    if found.asked % 500 == 0:
        sys.stderr.write(f"{found.asked} asked, {found.accepted} accepted\n")
    return not found.holes


if __name__ == "__main__":
    sys.exit(main())
