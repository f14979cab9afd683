"""What must outlive the runner's process: failing hours and commands, an object of JSON each."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from coinlake.contracts.cloud import RUNNER_PREFIX
from coinlake.contracts.compact_json import compact_json
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import parse_hour
from etl_runner.core.tracked import Failure, FeedHour

FAILURES_PREFIX = f"{RUNNER_PREFIX}failures/"
COMMANDS_PREFIX = f"{RUNNER_PREFIX}commands/"


@dataclass(frozen=True, slots=True)
class Command:
    """Rebuild the hour over this version of it; `accepts_missing`: without raw that has vanished."""

    version: int
    accepts_missing: bool = False


def record_key(prefix: str, hour: FeedHour) -> str:
    """Where the record of an hour lies."""
    return f"{prefix}feed={hour.feed}/{hour.at.path}.json"


def parse_record_key(prefix: str, key: str) -> FeedHour | None:
    """The hour of a record; None where the key is of no record."""
    parts = key.removeprefix(prefix).removesuffix(".json").split("/")
    if len(parts) != 3 or not parts[0].startswith("feed="):
        return None
    feed, at = parts[0].removeprefix("feed="), parse_hour(f"{parts[1]}/{parts[2]}")
    return FeedHour(feed, at) if at is not None and feed in TABULAR else None


def encoded(record: Failure | Command) -> bytes:
    """The record as it lies in the bucket."""
    return compact_json(record)


def parse_failure(body: bytes) -> Failure:
    """Read a failure back. Raises ValueError where it is none."""
    return Failure(**_fields(body, Failure()))


def parse_command(body: bytes) -> Command:
    """Read a command back. Raises ValueError where it is none."""
    return Command(**_fields(body, Command(0)))


def _fields(body: bytes, like: Failure | Command) -> dict[str, Any]:
    """The fields that there are in both; of the types that they have."""
    raw = json.loads(body)
    if not isinstance(raw, dict):
        raise ValueError(f"not a record: {raw!r:.80}")
    wanted = asdict(like)
    fields = {name: raw[name] for name in wanted if name in raw}
    for name, value in fields.items():
        expected = str | None if name == "message" else type(wanted[name])
        # True is an int to Python, and no number to anybody else.
        if not isinstance(value, expected) or (isinstance(value, bool) and expected is int):
            raise ValueError(f"not a record: {name} is {value!r:.80}")
    if "version" not in fields:
        raise ValueError("not a record: it is of no version")
    return fields
