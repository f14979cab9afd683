"""The job beside a DuckDB and a Polars script that make the same table: `make bench-etl`.

python -m bench.etl                       200 MB and 1 GB of raw assets
python -m bench.etl --megabytes 60        a minute

All read the same raw objects on one core, one after the other. The figures go to
`.local/bench/etl.json` too.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from bench.etl.corpus import HOUR, Corpus, corpus
from bench.sink import provisions
from bench.sink.job import ACCESS_KEY, REGION, SECRET_KEY
from bench.sink.store import Store, open_store
from coinlake.contracts.datasets import ELEMENTS

FOLDER, ROOT = provisions.FOLDER, provisions.ROOT
HERE = Path(__file__).parent
BUCKET = "bench-etl"
PEERS = {"duckdb": HERE / "with_duckdb.py", "polars": HERE / "with_polars.py"}
_COMPARED = (*(one.column for one in ELEMENTS["assets"].fields), "source_ts")
_LIMIT_S = 1800


@dataclass(frozen=True, slots=True)
class Figures:
    """What one of them needed. Bytes of answers before gzip, seconds without any start."""

    name: str
    answer_bytes: int
    cpu_s: float
    wall_s: float
    peak_bytes: int
    rows: int
    differing: int

    @property
    def mb_per_cpu_s(self) -> float:
        return self.answer_bytes / 1e6 / self.cpu_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[200, 1000])
    wanted = parser.parse_args()
    python = provisions.python(_say)
    found = []
    for megabytes in wanted.megabytes:
        _say(f"an hour of {megabytes} MB of raw assets")
        hour = corpus(FOLDER / "etl" / str(megabytes), megabytes)
        found += _measured(hour, megabytes, python)
    told = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
        "runs": found,
    }
    (FOLDER / "etl.json").write_text(json.dumps(told, indent=1) + "\n")


def _measured(hour: Corpus, megabytes: int, python: Path) -> list[dict[str, Any]]:
    scratch = FOLDER / "etl" / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    ours = _coinlake(hour, scratch)
    all_ = [ours]
    for name, script in PEERS.items():
        all_.append(_peer(name, script, hour, scratch, python))
    fastest = max(one.mb_per_cpu_s for one in all_[1:])
    for one in all_:
        _say(
            f"  {one.name:9} {one.mb_per_cpu_s:6.1f} MB per CPU s, {one.cpu_s:6.1f} CPU s,"
            f" {one.wall_s:6.1f} s, peak {one.peak_bytes / 1e6:5.0f} MB,"
            f" {one.rows} rows, {one.differing} unlike ours"
        )
    _say(f"  coinlake / the faster of the two: {ours.mb_per_cpu_s / fastest:.2f}")
    return [
        {"megabytes": megabytes, "mb_per_cpu_s": one.mb_per_cpu_s, **asdict(one)}
        for one in all_
    ]


def _coinlake(hour: Corpus, scratch: Path) -> Figures:
    with open_store(provisions.versitygw(_say), scratch / "store") as store:
        inputs = _landed(store, hour)
        told = scratch / "coinlake.json"
        attempt = datetime.now(UTC).strftime("%H%M%S")
        told.write_text(
            json.dumps(
                {
                    "feed": "assets",
                    "dt": HOUR.dt,
                    "hour": HOUR.hour,
                    "bucket": BUCKET,
                    "attempt": attempt,
                    "phases": str(scratch / "phases.json"),
                    "inputs": inputs,
                }
            )
        )
        command = [sys.executable, "-m", "bench.etl.with_coinlake", str(told)]
        figures = on_last_core(command, aws(store))
        _say(
            f"  coinlake's session was there after {figures['session_s']:.1f} s;"
            f" CPU s by process {figures['cpu_of']}, in the task {figures['phases']}"
        )
        made = scratch / "coinlake.parquet"
        made.write_bytes(store.read(BUCKET, figures["files"]["quotes"]))
    return _figures("coinlake", hour, figures, made, made)


def _landed(store: Store, hour: Corpus) -> list[tuple[str, str, int]]:
    store.make(BUCKET)
    bodies = ((key, hour.body(key)) for key in hour.keys)
    return [(key, store.put(BUCKET, key, body), len(body)) for key, body in bodies]


def _peer(name: str, script: Path, hour: Corpus, scratch: Path, python: Path) -> Figures:
    made = scratch / f"{name}.parquet"
    told = scratch / f"{name}.json"
    files = [str(hour.folder / key) for key in hour.keys]
    told.write_text(
        json.dumps({"files": files, "target": str(made), "options": {"memory": "12GB"}})
    )
    figures = on_last_core([str(python), str(script), str(told)], {"PYTHONPATH": str(ROOT)})
    return _figures(name, hour, figures, made, scratch / "coinlake.parquet")


def on_last_core(command: list[str], environ: Mapping[str, str]) -> dict[str, Any]:
    """Run it on the last core, in a session of its own."""
    done = subprocess.run(
        ["taskset", "-c", str((os.cpu_count() or 1) - 1), *command],
        env={**os.environ, **environ},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=_LIMIT_S,
        start_new_session=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _figures(
    name: str, hour: Corpus, figures: Mapping[str, Any], made: Path, ours: Path
) -> Figures:
    columns = ", ".join(_COMPARED)
    con = duckdb.connect()
    (rows,) = con.execute(f"SELECT count(*) FROM '{made}'").fetchone() or (0,)
    differing = 0
    if made != ours:
        for one, other in ((made, ours), (ours, made)):
            query = (
                f"SELECT count(*) FROM (SELECT {columns} FROM '{one}' EXCEPT ALL"
                f" SELECT {columns} FROM '{other}')"
            )
            differing += (con.execute(query).fetchone() or (0,))[0]
    return Figures(
        name,
        hour.answer_bytes,
        figures["cpu_s"],
        figures["wall_s"],
        figures["peak_bytes"],
        rows,
        differing,
    )


def aws(store: Store) -> dict[str, str]:
    """The environment of a job whose S3 is this store."""
    return {
        "AWS_ENDPOINT_URL": store.endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT),
    }


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
