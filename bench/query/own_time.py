"""What the service adds to the engine's own time, and what a neighbour adds to that."""

import http.client
import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from bench.query.lake import ASSETS, EVERYDAY
from bench.query.world import KEY, World
from bench.sink.provisions import ROOT

_NONCES = itertools.count(1)
_PAUSE_S = 0.01
_NOISE_S, _NOISE_ENDS_S = 2.0, 120.0


@dataclass(frozen=True, slots=True)
class Spread:
    """Of many times in ms."""

    count: int
    median_ms: float
    p99_ms: float

    def as_json(self) -> dict[str, float]:
        return asdict(self)


def spread(times_s: Sequence[float]) -> Spread:
    """Median and 99th percentile."""
    ordered = sorted(times_s)
    at = [
        ordered[min(len(ordered) - 1, len(ordered) * share // 100)] * 1000 for share in (50, 99)
    ]
    return Spread(len(ordered), *at)


def own_times(world: World, count: int) -> dict[str, Any]:
    """Small typed queries, each asked for the first time: in all, in the engine, and the rest of it."""
    asked = []
    for number in range(count):
        asset = f"asset-{number % ASSETS}"
        hour = f"from={EVERYDAY.start_ms}&to={EVERYDAY.start_ms + 3_600_000 - number}"
        before = time.time()
        wall_s = _timed(world, f"/v1/assets/{asset}/quotes?{hour}&limit=60")
        asked.append((before, wall_s))
        # Found by its time afterwards: no two are asked within one millisecond.
        time.sleep(_PAUSE_S)
    engine = _engine_s(world, asked[0][0])
    walls = [wall_s for _, wall_s in asked]
    if len(engine) != count:
        raise RuntimeError(f"{count} questions were {len(engine)} queries")
    own = [wall_s - engine_s for wall_s, engine_s in zip(walls, engine, strict=True)]
    return {
        "wall": spread(walls).as_json(),
        "engine": spread(engine).as_json(),
        "own": spread(own).as_json(),
    }


def _engine_s(world: World, since: float) -> list[float]:
    """TotalExecutionTimeInMillis of each query that was submitted since, in that order."""
    athena, found = world.athena(), []
    for page in athena.get_paginator("list_query_executions").paginate(WorkGroup="coinlake"):
        ids = page["QueryExecutionIds"]
        if not ids:
            break
        told = athena.batch_get_query_execution(QueryExecutionIds=ids)["QueryExecutions"]
        recent = [
            one
            for one in told
            if one["Status"]["SubmissionDateTime"].timestamp() >= since - 0.001
        ]
        found += recent
        if len(recent) < len(ids):
            break
    found.sort(key=lambda one: one["Status"]["SubmissionDateTime"])
    return [one["Statistics"]["TotalExecutionTimeInMillis"] / 1000 for one in found]


def beside_a_neighbour(world: World, count: int) -> dict[str, Any]:
    """A small query of one key, alone and while another key sends its worst."""
    alone = spread([_small(world) for _ in range(count)])
    world.lag()
    with _noise(world):
        time.sleep(_NOISE_S)
        beside = spread([_small(world) for _ in range(count)])
    return {"alone": alone.as_json(), "beside": beside.as_json(), "lag": world.lag()}


@contextmanager
def _noise(world: World) -> Iterator[None]:
    """A process of its own, so that the one who measures has nothing to do with it."""
    command = [sys.executable, "-m", "bench.query.noise", str(world.service_port)]
    noise = subprocess.Popen(command, stdin=subprocess.PIPE, cwd=ROOT)
    try:
        yield
        if noise.poll() is not None:
            raise RuntimeError(f"the neighbour ended with {noise.returncode}")
    finally:
        assert noise.stdin is not None
        noise.stdin.close()
        noise.wait(_NOISE_ENDS_S)


def _small(world: World) -> float:
    """Until its rows are there: refusals and 202s on the way count as time."""
    sql = (
        f"SELECT asset_id, price_usd FROM quotes WHERE dt = '{EVERYDAY.dt}'"
        f" AND hour = '{EVERYDAY.hour}' AND kafka_offset = {next(_NONCES)}"
    )
    method, path = "POST", "/v1/queries"
    body: Any = {"sql": sql, "wait": 30}
    began = time.monotonic()
    while True:
        status, found = request(world.service_port, KEY, method, path, body)
        if status == 200:
            return time.monotonic() - began
        if status == 202:
            method, path, body = "GET", f"{json.loads(found)['href']}?wait=30", None
        elif status in (429, 503):
            time.sleep(_PAUSE_S)
        else:
            raise RuntimeError(f"{method} {path}: {status} {found[:300]!r}")


def _timed(world: World, path: str) -> float:
    began = time.monotonic()
    status, found = request(world.service_port, KEY, "GET", path)
    took_s = time.monotonic() - began
    if status != 200:
        raise RuntimeError(f"GET {path}: {status} {found[:300]!r}")
    return took_s


def request(port: int, key: str, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
    """One request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        text = None if body is None else json.dumps(body)
        sent = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request(method, path, text, sent)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
