"""`make bench-neighbours`: one key sends its worst; how another key's small query fares.

The real query-api over the local cloud. The small query is asked again and again, first alone, then
while the other key sends, one after another: statements that are as slow to check as the guard
lets any be, nestings of every kind, bodies of a megabyte and of a byte now and then, and results of
thousands of rows. The sender has the lowest priority of the machine: in life its work is another
machine's. Prints how long refusing the worst takes, then the median and the 99th percentile of
the small query under each load, and their ratio.
"""

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.guard_fuzz.corpus import BYPASSES
from tests.integration.query_api.neighbours import Service, running

SMALL = "select count(*) from quotes where dt = '2026-11-22' and hour = '10'"
# As slow to check as a statement may be, and refused at its end: Athena has no part in it.
SLOW = "select " + ", ".join(f"sum(a{n}) as b{n}" for n in range(400)) + " from quotes, nobodys"
NESTED = [sql for sql in BYPASSES.values() if len(sql) > 1000]
_MEGABYTE = "select " + "1, " * 350_000 + "1"
LARGE = "select rate_id, rate_usd from rates"
FOLDER = Path(__file__).resolve().parents[1] / ".local" / "bench"


def main() -> int:
    """Print one line per kind of load, and the figures to `.local/bench/neighbours.json`."""
    parser = argparse.ArgumentParser(prog="python -m bench.neighbours", description=__doc__)
    parser.add_argument("--asked", type=int, default=200, help="small queries per load")
    parser.add_argument("--only", choices=LOADS, nargs="+", default=list(LOADS), help="loads")
    parser.add_argument("--send", choices=LOADS, help="only send this load, for ever")
    parser.add_argument("--port", type=int, default=0, help="where to")
    wanted = parser.parse_args()
    if wanted.send:
        os.nice(19)
        return _send(Service(wanted.port), LOADS[wanted.send])
    found: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as state, running(Path(state)) as service:
        _times(service, 20)
        _refusals(service)
        found["alone"] = _figures(_times(service, wanted.asked))
        for name in wanted.only:
            with _loaded(service, name):
                found[name] = _figures(_times(service, wanted.asked))
            sys.stderr.write(f"{name}: {found[name]}\n")
    alone = found["alone"]["p99_ms"]
    for name, one in found.items():
        ratio = one["p99_ms"] / alone
        sys.stdout.write(
            f"{name:24} median {one['median_ms']:7.1f} ms   p99 {one['p99_ms']:7.1f} ms"
            f"   {ratio:5.2f} times that alone\n"
        )
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "neighbours.json").write_text(json.dumps(found, indent=1))
    return 0


def _times(service: Service, count: int) -> list[float]:
    """Seconds of each small query of the quiet key."""
    spent = []
    for _ in range(count):
        began = time.perf_counter()
        status, text = service.sql("quiet", SMALL)
        spent.append(time.perf_counter() - began)
        if status != 200 or json.loads(text).get("state") != "SUCCEEDED":
            raise RuntimeError(f"the small query was answered {status}: {text}")
    return spent


def _refusals(service: Service) -> None:
    """How long each of the worst takes to be refused, the fastest of three: the machine has other work."""
    listed = "select 1 from quotes where rank in (" + "1, " * 60_000 + "1)"
    worst = {"60,000 items": listed, "a megabyte": _MEGABYTE}
    worst |= {name: sql for name, sql in BYPASSES.items() if len(sql) > 300}
    for name, sql in worst.items():
        spent, status = [], 0
        for _ in range(3):
            began = time.perf_counter()
            status, _ = service.sql("loud", sql)
            spent.append(time.perf_counter() - began)
        sys.stdout.write(f"{name:24} {len(sql):8} bytes {status} {1000 * min(spent):7.1f} ms\n")


def _figures(spent: list[float]) -> dict[str, float]:
    ordered = sorted(spent)
    return {
        "median_ms": 1000 * ordered[len(ordered) // 2],
        "p99_ms": 1000 * ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)],
    }


@contextmanager
def _loaded(service: Service, name: str) -> Iterator[None]:
    """The loud key sends meanwhile, from a process of its own: its work is not the measured one's."""
    command = [
        sys.executable,
        "-m",
        "bench.neighbours",
        "--send",
        name,
        "--port",
        str(service.port),
    ]
    sender = subprocess.Popen(command)
    try:
        time.sleep(2)
        yield
    finally:
        sender.kill()
        sender.wait()


def _send(service: Service, load: Callable[[Service], None]) -> int:
    """Eight threads that send one after another, until the process is ended."""

    def send() -> None:
        while True:
            # What becomes of them is not what is measured: closed, refused, answered.
            with suppress(OSError, http.client.HTTPException):
                load(service)

    threads = [threading.Thread(target=send, daemon=True) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return 0


def _slow(service: Service) -> None:
    service.sql("loud", SLOW)


def _nested(service: Service) -> None:
    for sql in NESTED:
        service.sql("loud", sql)


def _megabyte(service: Service) -> None:
    service.sql("loud", _MEGABYTE)


def _slow_bodies(service: Service) -> None:
    held = []
    for _ in range(8):
        client = socket.create_connection(("127.0.0.1", service.port), timeout=10)
        client.sendall(
            b"POST /v1/queries HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer loud\r\n"
            b"Content-Type: application/json\r\nContent-Length: 9000\r\n\r\n{"
        )
        held.append(client)
    for _ in range(20):
        for client in held:
            client.sendall(b" ")
        time.sleep(0.1)


def _large(service: Service) -> None:
    service.sql("loud", LARGE, max_rows=3000)


LOADS: dict[str, Callable[[Service], None]] = {
    "slow statements": _slow,
    "nestings of every kind": _nested,
    "a megabyte of SQL": _megabyte,
    "bodies sent slowly": _slow_bodies,
    "results of 3,000 rows": _large,
}


if __name__ == "__main__":
    sys.exit(main())
