"""What runs: ports, process ids and start times, kept in `.local/stack.json`."""

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from local_stack.errors import StackError
from local_stack.processes import Running

PORTS = (
    "kafka",
    "kafka_controller",
    "cloud",
    "cloud_admin",
    "simulator",
    "simulator_admin",
    "ingestor",
    "s3_sink",
    "etl_runner",
    "query_api",
)


@dataclass(frozen=True, slots=True)
class ApiSource:
    """Whom the ingestor asks. `base_url` None is the simulator; credits bound the real API."""

    base_url: str | None = None
    credits: int = 0


@dataclass(frozen=True, slots=True)
class StackRecord:
    """One stack of this clone. `started_at_s` is when its first process was started.

    `history_hours`: so many hours before it were sent as the simulator would have answered then.
    """

    ports: dict[str, int]
    query_key: str
    source: ApiSource = field(default_factory=ApiSource)
    history_hours: int = 0
    started_at_s: float = 0.0
    processes: dict[str, Running] = field(default_factory=dict)

    def with_process(self, name: str, process: Running) -> "StackRecord":
        """The record with one more, or one newer, process."""
        return replace(self, processes={**self.processes, name: process})

    def emptied(self) -> "StackRecord":
        """The record of a stack that was stopped: its ports are remembered."""
        return replace(self, processes={}, started_at_s=0.0)


def save(path: Path, record: StackRecord) -> None:
    """Write the record; a reader sees the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".part")
    fresh.write_text(json.dumps(asdict(record), indent=2) + "\n")
    fresh.chmod(0o600)  # it holds the key of the query service
    fresh.replace(path)


def read(path: Path) -> StackRecord | None:
    """The record; None where there is none. Raises StackError where it cannot be read."""
    try:
        raw: dict[str, Any] = json.loads(path.read_text())
        return StackRecord(
            ports={name: int(raw["ports"][name]) for name in PORTS},
            query_key=raw["query_key"],
            source=ApiSource(**raw["source"]),
            history_hours=raw.get("history_hours", 0),
            started_at_s=raw["started_at_s"],
            processes={name: Running(**each) for name, each in raw["processes"].items()},
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise StackError(
            f"{path} cannot be read ({error!r}): remove it if nothing of this stack runs."
        ) from error
