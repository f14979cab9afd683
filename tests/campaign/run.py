"""Runs the campaign: every row at full size, resumable, one line of result per row.

run.py                 every row that has not passed on these files yet: a result of another
                       commit holds while nothing that its row reads has changed (reach.py)
run.py --seconds 600   a rotating share: starts rows until the time is over
run.py --jobs 2        so many rows side by side; those that measure or load still run alone
run.py ROW …           the named rows, again
run.py --report        write docs/reference/campaign.md from the results
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.campaign.reach import holds
from tests.campaign.row import Row
from tests.campaign.rows import ROWS
from tests.commit import ROOT, commit

FOLDER = ROOT / ".local" / "campaign"
REPORT = ROOT / "docs" / "reference" / "campaign.md"
_PASSED, _FAILED = "passed", "FAILED"
_CELLS = 7


@dataclass(frozen=True, slots=True)
class Outcome:
    row: str
    commit: str
    passed: bool
    seconds: float
    last_line: str
    at: str


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", help="rows to run again, by id")
    parser.add_argument("--seconds", type=float, help="stop starting rows after this long")
    parser.add_argument("--jobs", type=int, default=1, help="rows side by side (1)")
    parser.add_argument("--report", action="store_true", help="write the report page")
    wanted = parser.parse_args()
    if wanted.report:
        REPORT.write_text(report(_newest()))
        return 0
    unknown = set(wanted.rows) - {row.id for row in ROWS}
    if unknown:
        parser.error(f"no such rows: {', '.join(sorted(unknown))}")
    now = commit()
    ends_at = None if wanted.seconds is None else time.monotonic() + wanted.seconds
    return _run(_chosen(wanted, now), now, ends_at, wanted.jobs)


def _chosen(wanted: argparse.Namespace, commit: str) -> list[Row]:
    if wanted.rows:
        return [row for row in ROWS if row.id in wanted.rows]
    done = _newest()
    todo = [row for row in ROWS if not _is_done(row, done.get(row.id))]
    _say(f"{len(ROWS) - len(todo)} of {len(ROWS)} rows passed on what they read of {commit}")
    if wanted.seconds and todo:
        # Each commit begins elsewhere, so that short shares reach every row in time.
        first = int(commit.removesuffix("-dirty"), 16) % len(todo)
        todo = todo[first:] + todo[:first]
    return todo


def _run(rows: list[Row], commit: str, ends_at: float | None, jobs: int) -> int:
    order = {row.id: f"{number}/{len(rows)}" for number, row in enumerate(rows, 1)}

    def one(row: Row) -> Outcome | None:
        if ends_at is not None and time.monotonic() + row.about_s >= ends_at:
            _say(f"[{order[row.id]}] {row.id}: left for another time (about {row.about_s} s)")
            return None
        return _run_row(row, commit, order[row.id])

    side_by_side = [row for row in rows if not row.alone]
    outcomes = _at_once(jobs, one, side_by_side)
    outcomes += _at_once(1, one, [row for row in rows if row.alone])
    failed = [outcome.row for outcome in outcomes if outcome is not None and not outcome.passed]
    _say(f"{len(rows) - len(failed)} rows done or left, {len(failed)} failed {failed or ''}")
    return 1 if failed else 0


def _at_once(
    jobs: int, one: Callable[[Row], Outcome | None], rows: list[Row]
) -> list[Outcome | None]:
    """In threads, so that Ctrl-C waits until the rows under way have ended what they started."""
    with ThreadPoolExecutor(jobs) as workers:
        try:
            return list(workers.map(one, rows))
        except KeyboardInterrupt:
            workers.shutdown(cancel_futures=True)
            raise


def _run_row(row: Row, commit: str, number: str) -> Outcome:
    _say(f"[{number}] {row.id}: {row.what} (about {row.about_s} s)")
    FOLDER.mkdir(parents=True, exist_ok=True)
    log = FOLDER / f"{row.id}.log"
    began = time.monotonic()
    with log.open("w") as output:
        # On Ctrl-C it hears the same, and ends what it started before this returns.
        code = subprocess.Popen(
            [sys.executable, *row.command],
            cwd=ROOT,
            env={**os.environ, "COINLAKE_FULL_SIZE": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
        ).wait()
    lines = log.read_text(errors="replace").splitlines() or [""]
    outcome = Outcome(
        row.id,
        commit,
        code == 0,
        round(time.monotonic() - began, 1),
        lines[-1].strip("= "),
        datetime.now(UTC).isoformat(timespec="seconds"),
    )
    _keep(outcome)
    told = [f"    {line}" for line in lines if line.startswith("FAULT ")]
    if not outcome.passed:
        told += lines[-40:]
    result = "passed" if outcome.passed else "FAILED"
    _say("\n".join([*told, f"    {row.id} {result} in {outcome.seconds} s: {lines[-1]}"]))
    return outcome


_keeping = threading.Lock()


def _keep(outcome: Outcome) -> None:
    fields = {name: getattr(outcome, name) for name in Outcome.__slots__}
    with _keeping, (FOLDER / "results.jsonl").open("a") as results:
        results.write(json.dumps(fields) + "\n")


def _is_done(row: Row, newest: Outcome | None) -> bool:
    return newest is not None and newest.passed and holds(row, newest.commit)


def _newest() -> dict[str, Outcome]:
    """The newest result of each row: of this clone, else of the page."""
    return written(REPORT.read_text()) | {outcome.row: outcome for outcome in _results()}


def _results() -> list[Outcome]:
    """Every result of this clone, the oldest first."""
    results = FOLDER / "results.jsonl"
    if not results.is_file():
        return []
    return [Outcome(**json.loads(line)) for line in results.read_text().splitlines()]


def written(page: str) -> dict[str, Outcome]:
    """What the page says already: a row without a result in this clone keeps it."""
    found = {}
    for line in page.splitlines():
        cells = line.removeprefix("| ").removesuffix(" |").split(" | ")
        if len(cells) == _CELLS and cells[2] in (_PASSED, _FAILED):
            row, _, result, on, at, seconds, said = cells
            found[row] = Outcome(row, on, result == _PASSED, float(seconds), said, at)
    return found


def report(newest: dict[str, Outcome]) -> str:
    lines = [
        "# The last campaign",
        "",
        "The newest result of each row, with the commit that it ran on: `make campaign`, then",
        "`python -m tests.campaign.run --report`. One row again: `make campaign ROWS=id`. A result holds",
        "for later commits that change nothing of what its row reads (`tests/campaign/reach.py`);",
        "`make campaign` says how many do, and runs the others.",
        "",
        "| row | what | result | commit | at (UTC) | seconds | last line |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in ROWS:
        outcome = newest.get(row.id)
        if outcome is None:
            lines.append(f"| {row.id} | {row.what} | not run | | | | |")
            continue
        result = _PASSED if outcome.passed else _FAILED
        # A bar would end the cell.
        said = outcome.last_line.replace("|", "/")
        lines.append(
            f"| {row.id} | {row.what} | {result} | {outcome.commit} | {outcome.at[:16]} "
            f"| {outcome.seconds} | {said} |"
        )
    return "\n".join(lines) + "\n"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
