"""What the query service takes by itself: `python -m bench.query_own_time` against the local cloud.

Each question is another one of the same statement (another bound value), so that none is answered
from memory, and is sent over one connection that stays open. Printed are quantiles of the answer's time, of
the engine's time as Athena reports it, and of what is left: the service's own time with the rest of a
poll. Then the same for questions that are asked again, and for those that are answered with 304.
"""

import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.integration.query_api.conftest import (
    READ_KEY,
    Cloud,
    Process,
    key_item,
    running_cloud,
)

QUESTIONS = 100
CLOSED = "from=2026-11-22T09:00:00Z&to=2026-11-22T10:00:00Z"


@contextmanager
def service(cloud: Cloud) -> Iterator[int]:
    """The service with its default settings; gives its port."""
    keys = json.dumps([key_item("bench", "read", READ_KEY)])
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "QUERY_"))}
    child = subprocess.Popen(
        [sys.executable, "-m", "query_api"],
        env=environ | cloud.environ | {"QUERY_API_KEYS": keys},
        stderr=subprocess.PIPE,
        text=True,
    )
    process = Process(child)
    try:
        yield int(process.event("http_listening")["port"])
    finally:
        process.end()


class Client:
    """One connection that stays open."""

    def __init__(self, port: int) -> None:
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, limit: int, tag: str = "") -> tuple[float, int, str]:
        """Milliseconds, status and tag of an answer."""
        headers = {"Authorization": f"Bearer {READ_KEY}"}
        if tag:
            headers["If-None-Match"] = tag
        began_s = time.perf_counter()
        path = f"/v1/assets/bitcoin/quotes?{CLOSED}&limit={limit}"
        self._http.request("GET", path, headers=headers)
        answer = self._http.getresponse()
        answer.read()
        took_ms = (time.perf_counter() - began_s) * 1000
        return took_ms, answer.status, answer.headers["ETag"] or ""


def engine_times_ms(cloud: Cloud, count: int) -> list[float]:
    """The engine's times of the newest queries, the oldest of them first."""
    athena, ids, more = cloud.client("athena"), list[str](), dict[str, str]()
    while len(ids) < count:
        page = athena.list_query_executions(WorkGroup="coinlake", **more)
        ids += page["QueryExecutionIds"]
        if "NextToken" not in page:
            break
        more = {"NextToken": page["NextToken"]}
    found = [
        athena.get_query_execution(QueryExecutionId=one)["QueryExecution"]["Statistics"]
        for one in reversed(ids[:count])
    ]
    return [float(one["EngineExecutionTimeInMillis"]) for one in found]


def shown(name: str, times_ms: Sequence[float]) -> str:
    cuts = statistics.quantiles(times_ms, n=100)
    return f"{name:<28} median {cuts[49]:7.1f} ms   99 of 100 {cuts[98]:7.1f} ms\n"


def main() -> None:
    """Measure and print."""
    with (
        tempfile.TemporaryDirectory() as state,
        running_cloud(Path(state)) as cloud,
        service(cloud) as port,
    ):
        client = Client(port)
        for limit in range(1, 21):
            client.ask(limit)
        limits = range(100, 100 + QUESTIONS)
        answers = [client.ask(limit) for limit in limits]
        engine = engine_times_ms(cloud, QUESTIONS)
        again = [client.ask(limit)[0] for limit in limits]
        same = [client.ask(limit, answers[limit - 100][2]) for limit in limits]
        after = engine_times_ms(cloud, QUESTIONS)
    taken = [answer[0] for answer in answers]
    own = [whole - part for whole, part in zip(taken, engine, strict=True)]
    for name, times in (
        ("whole answer", taken),
        ("engine, as Athena says", engine),
        ("own, with the poll's rest", own),
        ("asked again", again),
        ("304", [one[0] for one in same]),
    ):
        sys.stdout.write(shown(name, times))
    statuses = {one[1] for one in same}
    sys.stdout.write(f"statuses of the last: {statuses}; queries for both: {after != engine}\n")


if __name__ == "__main__":
    main()
