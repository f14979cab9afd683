"""How old a price is when SQL first gives it: from the answer to the row of `quotes_live`.

`python -m bench.freshness` starts the embedded stack, asks `quotes_live` again and again, and notes for
each answer when its rows were first in a result: at the end of that query, so its own time counts. The
time of an answer is its `source_ts`, which the simulator sets when it answers. It prints the median and
the 99th percentile beside what the sink's flush interval allows, and writes `.local/bench/freshness.json`.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / ".local" / "bench" / "freshness.json"
FLUSH_S = 3.0
"""S3_SINK_OBJECT__MAX_AGE_S of the embedded stack."""
MEDIAN_S, P99_S = 3.0, 5.0
"""What may be added to the flush interval."""


@contextmanager
def stack() -> Iterator[dict[str, str]]:
    """The environment of an embedded stack that runs meanwhile."""
    command = [sys.executable, "-m", "local_stack"]
    subprocess.run([*command, "up"], check=True, cwd=ROOT)
    try:
        lines = (ROOT / ".local" / "stack.env").read_text().splitlines()
        yield dict(line.split("=", 1) for line in lines if "=" in line)
    finally:
        subprocess.run([*command, "down"], check=True, cwd=ROOT)


class Athena:
    """Asks, and waits for the answer."""

    def __init__(self) -> None:
        self._client = boto3.client("athena")

    def rows(self, sql: str) -> list[list[str]]:
        asked = {
            "QueryString": sql,
            "QueryExecutionContext": {"Database": "coinlake"},
            "WorkGroup": "coinlake",
        }
        query = self._client.start_query_execution(**asked)["QueryExecutionId"]
        while True:
            execution = self._client.get_query_execution(QueryExecutionId=query)
            status = execution["QueryExecution"]["Status"]
            if status["State"] == "SUCCEEDED":
                break
            if status["State"] in ("FAILED", "CANCELLED"):
                raise RuntimeError(str(status))
            time.sleep(0.05)
        answer = self._client.get_query_results(QueryExecutionId=query)
        return [
            [cell.get("VarCharValue", "") for cell in row["Data"]]
            for row in answer["ResultSet"]["Rows"][1:]
        ]


def watched(athena: Athena, seconds: float) -> list[float]:
    """The age of each answer at the moment when its rows were first in a result, in seconds."""
    first = now = time.time()
    seen: dict[str, float] = {}
    while now < first + seconds:
        day = datetime.fromtimestamp(now - 3600, UTC).date().isoformat()
        sql = (
            "SELECT CAST(source_ts AS varchar) FROM quotes_live"
            f" WHERE dt >= '{day}' AND source_ts IS NOT NULL"
            " GROUP BY source_ts ORDER BY source_ts DESC LIMIT 100"
        )
        found = athena.rows(sql)
        now = time.time()
        for (text,) in found:
            seen.setdefault(text, now)
    ages = {
        text: at - datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
        for text, at in seen.items()
    }
    # What was there before the first look says nothing of when it came.
    return sorted(age for text, age in ages.items() if seen[text] - age >= first)


def report(ages: list[float]) -> dict[str, Any]:
    """The figures, and what they may be."""
    return {
        "answers": len(ages),
        "median_s": round(statistics.median(ages), 2),
        "p99_s": round(ages[min(len(ages) - 1, int(len(ages) * 0.99))], 2),
        "flush_s": FLUSH_S,
        "median_limit_s": FLUSH_S + MEDIAN_S,
        "p99_limit_s": FLUSH_S + P99_S,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="How old a price is when SQL first gives it.")
    parser.add_argument("--seconds", type=float, default=180.0)
    arguments = parser.parse_args()
    with stack() as environ:
        os.environ |= environ
        ages = watched(Athena(), arguments.seconds)
    found = report(ages)
    sys.stdout.write(
        f"{found['answers']} answers: median {found['median_s']} s (limit {found['median_limit_s']}),"
        f" 99 of 100 within {found['p99_s']} s (limit {found['p99_limit_s']}),"
        f" flush interval {found['flush_s']} s\n"
    )
    OUTPUT.parent.mkdir(parents=True, exist_ok=True)
    OUTPUT.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
