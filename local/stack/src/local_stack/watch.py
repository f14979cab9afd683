"""How far the data has come, seen through the services' own endpoints; and who has died."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from coinlake.contracts.datasets import ELEMENTS
from local_stack import plan, processes, settings
from local_stack.errors import StackError
from local_stack.http_json import get_json_or_none
from local_stack.paths import Paths
from local_stack.record import StackRecord


def check_alive(
    paths: Paths, record: StackRecord, stopped: frozenset[str] = frozenset()
) -> None:
    """Raises StackError that names a process that died, with the end of its log."""
    for name, process in record.processes.items():
        if name not in stopped and not processes.alive(process):
            log = plan.log_of(paths, name)
            raise StackError(f"{name} died; its log {log} ends:\n{processes.last_lines(log)}")


def polls(record: StackRecord) -> dict[str, int]:
    """Answers received by each feed, as the ingestor counts them; empty while it is away."""
    status = get_json_or_none(f"{settings.url(record, 'ingestor')}/status") or {}
    feeds = status.get("feeds", {})
    return {name: int(feeds[name]["polls"]) for name in ELEMENTS if name in feeds}


def unpaid(record: StackRecord) -> set[str]:
    """Feeds that were never polled and that the credits left cannot pay; mostly none."""
    status = _status(record, "ingestor")
    left = status.get("credits", {}).get("left")
    polled = {name for name, number in polls(record).items() if number}
    return {
        name
        for page, told in status.get("pages", {}).items()
        if left is not None and told["credits"] > left
        for name in [page.partition("?")[0]]
        if name not in polled
    }


def polls_in_log(log: Path) -> dict[str, int]:
    """Answers received by each feed, from the ingestor's log: one line for each answer.

    Unlike `polls` this can be asked when the ingestor has ended.
    """
    seen: dict[str, set[str]] = {name: set() for name in ELEMENTS}
    for told in _events(log, "answer_journaled"):
        seen[str(told["page"]).partition("?")[0]].add(told["poll_id"])
    return {name: len(ids) for name, ids in seen.items()}


def history_in_log(log: Path) -> dict[str, int]:
    """Answers of the hours before, by feed, from the log of what sent them; mostly none."""
    if not log.is_file():
        return {}
    told = _events(log, "history_sent")
    return {str(one["feed"]): int(one["answers"]) for one in told}


def _events(log: Path, event: str) -> Iterator[dict[str, Any]]:
    """The lines of a log that tell of an event."""
    for line in log.read_text(errors="replace").splitlines():
        if f'"{event}"' in line:
            yield json.loads(line)


def line(record: StackRecord) -> str:
    """The stages in one line, from the left to the right; `?` for what nobody can tell now.

    As the services count since their starts: for as long as none of them was started again.
    """
    received = polls(record)
    sink = _status(record, "s3_sink").get("totals", {})
    totals = _status(record, "etl_runner").get("totals", {})
    rows = sum(totals["curated_rows"].values()) if totals else "?"
    return (
        f"{sum(received.values()) if received else '?'} polls → {sink.get('values', '?')} values "
        f"in {sink.get('objects', '?')} raw objects → {rows} rows after "
        f"{totals.get('runs', '?')} runs ({run(record)})"
    )


def run(record: StackRecord) -> str:
    """Whether Spark works, as the runner tells."""
    runner = get_json_or_none(f"{settings.url(record, 'etl_runner')}/status")
    if runner is None:
        return "the runner does not answer"
    return "a Spark run is going" if runner.get("run") else "no run"


def bill(record: StackRecord) -> Mapping[str, Any]:
    """What AWS would have charged so far; empty while the cloud is away."""
    return get_json_or_none(f"{settings.url(record, 'cloud_admin')}/bill") or {}


def _status(record: StackRecord, name: str) -> dict[str, Any]:
    return get_json_or_none(f"{settings.url(record, name)}/status") or {}
