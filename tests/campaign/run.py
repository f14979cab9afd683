"""Runs the campaign: every row at full size, resumable, one line of result per row.

run.py                 every row that has no result for this commit yet
run.py --seconds 600   a rotating share: starts rows until the time is over
run.py ROW …           the named rows, again
run.py --report        write docs/reference/campaign.md from the results
"""

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from tests.campaign.rows import ROWS, Row
from tests.commit import ROOT, commit

FOLDER = ROOT / ".local" / "campaign"
_INTERRUPTED_S = 100.0
REPORT = ROOT / "docs" / "reference" / "campaign.md"


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
    parser.add_argument("--report", action="store_true", help="write the report page")
    wanted = parser.parse_args()
    if wanted.report:
        REPORT.write_text(_report({outcome.row: outcome for outcome in _results()}))
        return 0
    unknown = set(wanted.rows) - {row.id for row in ROWS}
    if unknown:
        parser.error(f"no such rows: {', '.join(sorted(unknown))}")
    now = commit()
    return _run(_chosen(wanted, now), now, wanted.seconds)


def _chosen(wanted: argparse.Namespace, commit: str) -> list[Row]:
    if wanted.rows:
        return [row for row in ROWS if row.id in wanted.rows]
    done = _known(commit)
    todo = [row for row in ROWS if not (row.id in done and done[row.id].passed)]
    if wanted.seconds and todo:
        # Each commit begins elsewhere, so that short shares reach every row in time.
        first = int(commit.removesuffix("-dirty"), 16) % len(todo)
        todo = todo[first:] + todo[:first]
    return todo


def _run(rows: list[Row], commit: str, seconds: float | None) -> int:
    started = time.monotonic()
    failed = []
    for number, row in enumerate(rows, 1):
        left = None if seconds is None else seconds - (time.monotonic() - started)
        if left is not None and left <= row.about_s:
            _say(
                f"[{number}/{len(rows)}] {row.id}: left for another time (about {row.about_s} s)"
            )
            continue
        outcome = _run_row(row, commit, number, len(rows))
        if not outcome.passed:
            failed.append(row.id)
    _say(f"{len(rows) - len(failed)} rows done or left, {len(failed)} failed {failed or ''}")
    return 1 if failed else 0


def _run_row(row: Row, commit: str, number: int, of: int) -> Outcome:
    _say(f"[{number}/{of}] {row.id}: {row.what} (about {row.about_s} s)")
    FOLDER.mkdir(parents=True, exist_ok=True)
    log = FOLDER / f"{row.id}.log"
    began = time.monotonic()
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, *row.command],
            cwd=ROOT,
            env={**os.environ, "COINLAKE_FULL_SIZE": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        code = _waited(process)
    lines = log.read_text(errors="replace").splitlines() or [""]
    outcome = Outcome(
        row.id,
        commit,
        code == 0,
        round(time.monotonic() - began, 1),
        lines[-1].strip("= "),
        datetime.now(UTC).isoformat(timespec="seconds"),
    )
    with (FOLDER / "results.jsonl").open("a") as results:
        fields = {name: getattr(outcome, name) for name in Outcome.__slots__}
        results.write(json.dumps(fields) + "\n")
    for line in lines:
        if line.startswith("FAULT "):
            _say(f"    {line}")
    if not outcome.passed:
        _say("\n".join(lines[-40:]))
    _say(f"    {'passed' if outcome.passed else 'FAILED'} in {outcome.seconds} s: {lines[-1]}")
    return outcome


def _known(commit: str) -> dict[str, Outcome]:
    return {outcome.row: outcome for outcome in _results() if outcome.commit == commit}


def _results() -> list[Outcome]:
    """Every result of this clone, the oldest first."""
    results = FOLDER / "results.jsonl"
    if not results.is_file():
        return []
    return [Outcome(**json.loads(line)) for line in results.read_text().splitlines()]


def _report(newest: dict[str, Outcome]) -> str:
    lines = [
        "# The last campaign",
        "",
        "The newest result of each row, with the commit that it ran on: `make campaign`, then",
        "`python -m tests.campaign.run --report`. One row again: `make campaign ROWS=id`.",
        "",
        "| row | what | result | commit | at (UTC) | seconds | last line |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for row in ROWS:
        outcome = newest.get(row.id)
        if outcome is None:
            lines.append(f"| {row.id} | {row.what} | not run | | | | |")
            continue
        result = "passed" if outcome.passed else "FAILED"
        # A bar would end the cell.
        said = outcome.last_line.replace("|", "/")
        lines.append(
            f"| {row.id} | {row.what} | {result} | {outcome.commit} | {outcome.at[:16]} "
            f"| {outcome.seconds} | {said} |"
        )
    return "\n".join(lines) + "\n"


def _waited(process: "subprocess.Popen[bytes]") -> int:
    """Its exit code. On Ctrl-C, which it hears too, it is given time to end what it started."""
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait(_INTERRUPTED_S)
        raise


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
