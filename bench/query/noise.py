"""A key that sends its worst, until its stdin is closed: `python -m bench.query.noise PORT`."""

import http.client
import sys
import threading
import time
from collections.abc import Callable

from bench.query.lake import MANY
from bench.query.own_time import request
from bench.query.world import OTHER_KEY

_AT_ONCE = 2
_HUGE = f"SELECT * FROM quotes WHERE dt = '{MANY.dt}' AND hour = '{MANY.hour}'"
# What a guard has burnt on before (issue 17, "Seen"), and an answer of many rows.
_STATEMENTS = (
    "SELECT " + "(" * 2000 + "1" + ")" * 2000,
    "SELECT " + ".".join("a" * 3000),
    "SELECT " + ".".join("a" * 32),
    "SELECT CASE " + "WHEN 1 = 1 THEN CASE " * 300 + "WHEN 1 = 1 THEN 1 " + "END " * 301,
    "SELECT * FROM quotes WHERE rank IN (" + ",".join(map(str, range(2500))) + ")",
    "SELECT count(*) FROM "
    + " CROSS JOIN ".join(f"(VALUES 1,2,3) t{n}(a)" for n in range(150)),
    _HUGE,
)


def main() -> None:
    port, ends = int(sys.argv[1]), threading.Event()
    acts = [_sends(port, sql) for sql in _STATEMENTS] + [lambda: _slow_body(port)]
    threads = [threading.Thread(target=_again, args=(ends, act)) for act in acts * _AT_ONCE]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    ends.set()
    for thread in threads:
        thread.join()


def _again(ends: threading.Event, act: Callable[[], None]) -> None:
    while not ends.is_set():
        act()


def _sends(port: int, sql: str) -> Callable[[], None]:
    def act() -> None:
        body = {"sql": sql, "wait": 5, "max_rows": 10_000}
        # Refused, busy or answered: each is an answer. One that was not made is the neighbour's end.
        status, _ = request(port, OTHER_KEY, "POST", "/v1/queries", body)
        if status == 429:
            time.sleep(0.05)

    return act


def _slow_body(port: int) -> None:
    """A request whose body comes a byte a quarter of a second."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.putrequest("POST", "/v1/queries")
        connection.putheader("Authorization", f"Bearer {OTHER_KEY}")
        connection.putheader("Content-Length", "1000")
        connection.endheaders()
        for _ in range(20):
            connection.send(b" ")
            time.sleep(0.25)
    except ConnectionError:
        return  # The deadline for a body has come.
    finally:
        connection.close()


if __name__ == "__main__":
    main()
