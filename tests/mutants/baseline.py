"""What a suite must be before it proves anything: green on the source as it is, red on a broken one."""

import hashlib
from pathlib import Path

from tests.mutants.reach import digest_of
from tests.mutants.services import Service
from tests.mutants.trial import Suite, notices, tried

SIMULATION = "tests/labs/sim"


def require_reach(service: Service, suite: Suite) -> None:
    """Ends the run where the suite tests another copy: everything would live."""
    if not notices(service, suite):
        raise SystemExit(f"the {suite.name} tests of {service.name} do not run what is changed")


def require_green(service: Service, suite: Suite, kept: Path) -> None:
    """Ends the run where the unchanged source fails; asked once for each source and suite."""
    digest = digest_of([service.source, SIMULATION])
    asked = hashlib.sha256(repr((digest, suite.command)).encode()).hexdigest()[:16]
    green = kept / f"{service.name}-green-{asked}"
    if green.exists():
        return
    outcome = tried(service, None, [suite])
    if outcome.noticed:
        raise SystemExit(f"the unchanged source fails its own {suite.name}: {outcome.said}")
    kept.mkdir(parents=True, exist_ok=True)
    green.touch()
