"""The query service beside PyAthena and awswrangler, on one local Athena: `make bench-query`.

python -m bench.query                                      10, 10,000 and 1,000,000 rows; everything
python -m bench.query --rows 10 10000 --rounds 2 --only "service arrow,pyathena arrow"

All ask the same questions in turns, each in a process of its own. The figures go to
`.local/bench/query.json` too.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.query import own_time, report
from bench.query.rows import FORMATS, PEERS, Measured, measured
from bench.query.world import World, open_world
from bench.sink.provisions import FOLDER
from tests import released_clients
from tests.commit import commit

# The measured key must meet no limit that is for users: rows of an answer, and bytes of a day.
SETTINGS = {
    "QUERY_API_LIMITS__MAX_ROWS": "1000000",
}
_SIZES = (10, 10_000, 1_000_000)


def main() -> int:
    """1 where two clients were given different rows."""
    wanted = _arguments()
    python = released_clients.python()
    clients = (
        [one.strip() for one in wanted.only.split(",")] if wanted.only else [*PEERS, *FORMATS]
    )
    with open_world(max(wanted.rows), SETTINGS) as world:
        sizes = [_size(world, python, clients, rows, wanted.rounds) for rows in wanted.rows]
        told: dict[str, Any] = {
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": commit(),
            "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
            "python": platform.python_version(),
            "load": os.getloadavg()[0],
            "versions": _versions(python),
            "sizes": [[one.as_json() for one in found] for found, _ in sizes],
            "lag_ms": [lag for _, lag in sizes],
        }
        for line in report.goals([found for found, _ in sizes]):
            _say(line)
        if wanted.small:
            told["own_time"] = own_time.own_times(world, wanted.small)
            for line in report.own_time(told["own_time"]):
                _say(line)
    wanted.json.parent.mkdir(parents=True, exist_ok=True)
    wanted.json.write_text(json.dumps(told, indent=1) + "\n")
    return _same([found for found, _ in sizes])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.query")
    parser.add_argument("--rows", type=int, nargs="+", default=list(_SIZES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="some of the clients, by comma")
    parser.add_argument(
        "--small", type=int, default=200, help="how many small queries; 0 leaves them out"
    )
    parser.add_argument("--json", type=Path, default=FOLDER / "query.json")
    return parser.parse_args()


def _size(
    world: World, python: Path, clients: Sequence[str], rows: int, rounds: int
) -> tuple[list[Measured], dict[str, float]]:
    world.lag()
    found = measured(world, python, clients, rows, rounds)
    lag = world.lag()
    for line in (*report.table(found), "", report.lag(f"at {rows:,} rows", lag), ""):
        _say(line)
    return found, lag


def _same(sizes: Sequence[Sequence[Measured]]) -> int:
    code = 0
    for found in sizes:
        for one in found:
            if one.seen != found[0].seen:
                code = 1
                _say(f"{one.client} got other rows than {found[0].client}: {one.seen}")
    return code


def _versions(python: Path) -> dict[str, str]:
    names = ("pyathena", "awswrangler", "pyarrow", "pandas", "boto3")
    code = f"import importlib.metadata as m, json; print(json.dumps({{n: m.version(n) for n in {names}}}))"
    told = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True)
    found: dict[str, str] = json.loads(told.stdout)
    return found


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
