"""`python -m tests.mutants SERVICE`: tries a sample of changes, goes on where it ended, reports."""

import argparse
import sys
import time

from tests.mutants.baseline import require_green, require_reach
from tests.mutants.changes import Change
from tests.mutants.judged import judgements, key_of
from tests.mutants.reach import Reach, digest_of, reach
from tests.mutants.report import Tried, report, told
from tests.mutants.results import Results
from tests.mutants.sampling import sample
from tests.mutants.services import GROUPS, ROOT, SERVICES, Service, group_of, is_real_here
from tests.mutants.trial import (
    Suite,
    integration_suite,
    simulation_suite,
    tried,
    unit_suite,
)

KEPT = ROOT / ".local" / "mutants"


def main() -> int:
    """0 where the sample was tried to its end."""
    wanted = _arguments()
    service = SERVICES[wanted.service]
    folders = [*service.unit, *_world_folders(service)]
    if wanted.integration:
        folders += service.integration
    known = Results(KEPT / f"{service.name}.jsonl", f"{digest_of(folders)}-{wanted.seeds}")
    chosen = sample(service.changes(wanted.groups), wanted.seed, wanted.sample, is_real_here)
    done: list[Tried] = []
    judged = judgements()
    tests = reach(service, KEPT)
    if service.world and wanted.seeds:
        require_green(service, simulation_suite(service.world, wanted.seeds), KEPT)
    if wanted.integration:
        require_reach(service, integration_suite(service))
    ended = time.monotonic() + wanted.seconds if wanted.seconds else None
    for number, change in enumerate(chosen, 1):
        result = known.of(change)
        if result is None:
            if ended is not None and time.monotonic() > ended:
                _say(f"out of time: {number - 1} of {len(chosen)}; run it again to go on")
                break
            suites = _suites(service, change, tests, wanted, key_of(change) in judged)
            result = known.keep(change, tried(service, change, suites))
            _say(
                f"{number:4}/{len(chosen)} {'killed' if result.noticed else 'ALIVE '} "
                f"{result.seconds:5.1f} s {change.file}:{change.line} {told(change)}"
            )
        done.append((change, result))
    _say(report(done, judged))
    return 0 if len(done) == len(chosen) else 3


def _world_folders(service: Service) -> list[str]:
    """Where the tests of its world are: another world is another result."""
    if service.world is None:
        return []
    own = f"tests/labs/sim_{service.world}"
    return ["tests/labs/sim", *([own] if (ROOT / own).is_dir() else [])]


def _suites(
    service: Service,
    change: Change,
    tests: Reach,
    wanted: argparse.Namespace,
    is_judged: bool,
) -> list[Suite]:
    """Quick ones first: a later one runs only on what lived through those before.

    What was judged counts as alive without the tests that take minutes.
    """
    suites = []
    reached = tests.tests_of(change)
    if reached:
        suites.append(unit_suite(reached, sum(tests.seconds[test] for test in reached)))
    if service.world and wanted.seeds and group_of(change.file) in {"core", "loop"}:
        suites.append(simulation_suite(service.world, wanted.seeds))
    if wanted.integration and not is_judged:
        suites.append(integration_suite(service))
    return suites


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("service", choices=list(SERVICES))
    parser.add_argument("--seed", type=int, default=1, help="which sample (default 1)")
    parser.add_argument("--sample", type=int, default=120, help="how many changes (120)")
    parser.add_argument("--groups", nargs="+", choices=GROUPS, default=list(GROUPS))
    parser.add_argument("--seeds", type=int, default=300, help="of its simulated world (300)")
    parser.add_argument(
        "--integration", action="store_true", help="those tests too: minutes each"
    )
    parser.add_argument("--seconds", type=float, help="end after this long; run again to go on")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
