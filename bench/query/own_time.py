"""What the service adds to the engine's own time."""

import http.client
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench.query.lake import ASSETS, EVERYDAY
from bench.query.world import KEY, World

_PAUSE_S = 0.01


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


def _timed(world: World, path: str) -> float:
    began = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", world.service_port, timeout=120)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {KEY}"})
        answer = connection.getresponse()
        found = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise RuntimeError(f"GET {path}: {answer.status} {found[:300]!r}")
    return time.monotonic() - began
