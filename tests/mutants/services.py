"""The services whose tests are tried, and the suites that may notice a change."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.changes import Change, changes, is_real

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Service:
    """Where a service's source is, and what tests it; folders are relative to the clone."""

    name: str
    source: str
    package: str
    unit: tuple[str, ...]
    integration: tuple[str, ...]
    soonest: tuple[str, ...] = ()
    """Files of the integration tests that notice most: the others run behind them."""
    world: str | None = None
    """The simulated world that plays it, if there is one."""

    def integration_files(self) -> list[str]:
        """The integration tests, file by file, in the order in which they are run."""
        found = [
            file for folder in self.integration for file in (ROOT / folder).glob("test_*.py")
        ]
        found.sort(key=lambda file: (file.name not in self.soonest, file.name))
        return [str(file.relative_to(ROOT)) for file in found]

    def changes(self, groups: Iterable[str]) -> list[Change]:
        """Every change of the modules of these groups."""
        wanted = set(groups)
        found: list[Change] = []
        for file in sorted((ROOT / self.source).rglob("*.py")):
            name = str(file.relative_to(ROOT))
            if group_of(name) in wanted:
                found += changes(name, file.read_bytes())
        return found


def is_real_here(change: Change) -> bool:
    """Whether a change of the clone's source makes another program."""
    return is_real(change, (ROOT / change.file).read_bytes())


def group_of(file: str) -> str:
    """`core`, `loop`, `adapters`, or `rest` for the files beside them."""
    folder = Path(file).parent.name
    return folder if folder in {"core", "loop", "adapters"} else "rest"


SERVICES = {
    one.name: one
    for one in (
        Service(
            "ingestor",
            "services/ingestor/src",
            "ingestor",
            ("tests/unit/ingestor",),
            ("tests/integration/ingestor",),
        ),
        Service(
            "s3-sink",
            "services/s3-sink/src",
            "s3_sink",
            ("tests/unit/s3_sink",),
            ("tests/integration/s3_sink",),
            ("test_audit_and_repair.py", "test_sink_metrics.py", "test_sink_bytes.py"),
            world="sink",
        ),
        Service(
            "etl-runner",
            "services/etl-runner/src",
            "etl_runner",
            ("tests/unit/etl_runner", "tests/contract/publishing"),
            ("tests/integration/etl_runner",),
            world="runner",
        ),
    )
}
GROUPS = ("core", "loop", "adapters", "rest")
