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


@dataclass(frozen=True, slots=True)
class _Answer:
    """One answer: when it was asked for, how long it took, and its tag."""

    at_s: float
    wall_s: float
    tag: str


def own_times(world: World, count: int) -> dict[str, Any]:
    """Small typed queries, each asked for the first time: in all, in the engine, until the next look
    at it (the poll's remainder), and the rest of it, which is the service's own.

    Then the same asked `again`, and with their tags (`not_modified`): both without a query.
    """
    paths = [_path(number) for number in range(count)]
    asked = []
    for path in paths:
        asked.append(_timed(world, path))
        # Found by its time afterwards: no two are asked within one millisecond.
        time.sleep(_PAUSE_S)
    ran = _executions(world, asked[0].at_s, count)
    looks = world.looks()
    again = [_timed(world, path).wall_s for path in paths]
    tagged = zip(paths, asked, strict=True)
    same = [_timed(world, path, one.tag, 304).wall_s for path, one in tagged]
    _executions(world, asked[0].at_s, count)
    walls = [one.wall_s for one in asked]
    engine = [one["Statistics"]["TotalExecutionTimeInMillis"] / 1000 for one in ran]
    late = [
        # A call that is under way when the query ends has no remainder.
        max(
            0.0,
            looks[one["QueryExecutionId"]] - one["Status"]["CompletionDateTime"].timestamp(),
        )
        for one in ran
    ]
    own = [
        wall - inside - until for wall, inside, until in zip(walls, engine, late, strict=True)
    ]
    figures = {"wall": walls, "engine": engine, "remainder": late, "own": own, "again": again}
    figures["not_modified"] = same
    return {name: spread(times).as_json() for name, times in figures.items()}


def _path(number: int) -> str:
    """One of many questions of which no two are the same."""
    hour = f"from={EVERYDAY.start_ms}&to={EVERYDAY.start_ms + 3_600_000 - number}"
    return f"/v1/assets/asset-{number % ASSETS}/quotes?{hour}&limit=60"


def _executions(world: World, since: float, count: int) -> list[Any]:
    """The queries that were submitted since, in that order.

    Raises RuntimeError where they are not so many.
    """
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
    if len(found) != count:
        raise RuntimeError(f"{count} questions were {len(found)} queries")
    found.sort(key=lambda one: one["Status"]["SubmissionDateTime"])
    return found


def _timed(world: World, path: str, tag: str = "", status: int = 200) -> _Answer:
    at_s, began = time.time(), time.monotonic()
    headers = {"Authorization": f"Bearer {KEY}"} | ({"If-None-Match": tag} if tag else {})
    connection = http.client.HTTPConnection("127.0.0.1", world.service_port, timeout=120)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        found = answer.read()
    finally:
        connection.close()
    if answer.status != status:
        raise RuntimeError(f"GET {path}: {answer.status} {found[:300]!r}")
    return _Answer(at_s, time.monotonic() - began, answer.headers.get("ETag", ""))
