"""Where things are in this clone; everything the stack makes is under `.local/`."""

from dataclasses import dataclass
from pathlib import Path

CLONE = Path(__file__).resolve().parents[4]


@dataclass(frozen=True, slots=True)
class Paths:
    """The files and folders of one stack. Two clones share nothing."""

    clone: Path = CLONE
    folder: Path | None = None
    """Where this stack keeps its things; `.local` of the clone where it is not given."""

    @property
    def local(self) -> Path:
        return self.folder or self.clone / ".local"

    @property
    def record(self) -> Path:
        """What runs: ports, process ids, start times."""
        return self.local / "stack.json"

    @property
    def env(self) -> Path:
        """The endpoints, as shell variables."""
        return self.local / "stack.env"

    @property
    def demo(self) -> Path:
        """The counts of the last `demo --once`."""
        return self.local / "demo.json"

    @property
    def logs(self) -> Path:
        return self.local / "logs"

    @property
    def state(self) -> Path:
        """What broker, cloud and ingestor write; discarded by `down`."""
        return self.local / "state"

    @property
    def pom(self) -> Path:
        return self.clone / "local" / "pom.xml"

    def jar_sums(self, profile: str) -> Path:
        """SHA-256 of each jar of a profile; Spark's list is the one that its image is held to."""
        if profile == "spark":
            return self.clone / "deploy" / "compose" / "jars.sha256"
        return self.clone / "local" / f"{profile}-jars.sha256"

    def jars(self, profile: str) -> Path:
        """The folder of a pom profile's jars."""
        return self.clone / ".local" / "jars" / profile
