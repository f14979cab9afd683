"""The calls that a batch makes to S3, Glue and Kafka: named, counted, and stopped at one of them."""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from tests.labs.cluster.kafka_proxy import PRODUCE
from tests.labs.cluster.proxy import Faults, FaultyProxy

Side = Literal["before", "after"]

# The pass looks at days, a batch at hours; these are of the pass alone.
_OF_THE_PASS = re.compile(
    r"LIST (raw/[^/]+/|raw/[^/]+/dt=[^/]+/|ledger/feed=[^/]+/dt=[^/]+/|curated/.*|runner/)"
    r"|Glue\.GetPartitions .*|(GET|PUT|DELETE) runner/.*"
)
# A batch begins by asking for an hour's head.
_FIRST = re.compile(r"LIST ledger/feed=[^/]+/<[^>]+>/")


@dataclass(frozen=True, slots=True)
class Call:
    """The n-th call of a name in a batch. Names say what is called, not when or by whom."""

    name: str
    nth: int = 1

    def __str__(self) -> str:
        return self.name if self.nth == 1 else f"{self.name} ({self.nth})"


@dataclass
class Trap:
    """Springs at one side of a call: `act` is done, and the call waits.

    Before: the call has not arrived. After: it was done, its answer has not arrived. What waits goes
    on with `release`, unless it `is_dropped`.
    """

    call: Call
    side: Side
    act: Callable[[], None]
    is_dropped: bool = False
    sprung: threading.Event = field(default_factory=threading.Event)
    _released: threading.Event = field(default_factory=threading.Event)

    def release(self) -> None:
        """Let what waits go on: late, as in a network that kept it."""
        self._released.set()

    def spring(self) -> bool:
        """Act, wait for the release; whether the call goes on."""
        self.act()
        self.sprung.set()
        self._released.wait()
        return not self.is_dropped


class Calls:
    """The calls of one runner. Counting begins with the first call of a batch."""

    def __init__(
        self, hours: Mapping[str, str] | None = None, trap: Trap | None = None
    ) -> None:
        self._hours = dict(hours or {})
        self.trap = trap
        self.seen: list[Call] = []
        self.passes = 0
        """How often the runner has begun to look at what the bucket holds."""
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def met(self, name: str) -> Call | None:
        """A call arrives; None where it is of no batch."""
        for path, label in self._hours.items():
            name = name.replace(path, f"<{label}>")
        with self._lock:
            self.passes += name == "LIST runner/"
            if _OF_THE_PASS.fullmatch(name) or not (self.seen or _FIRST.fullmatch(name)):
                return None
            self._counts[name] += 1
            call = Call(name, self._counts[name])
            self.seen.append(call)
            return call

    def goes_on(self, call: Call | None, side: Side) -> bool:
        """Whether the call goes on at this side of it; waits where a trap is."""
        trap = self.trap
        if call is None or trap is None or (trap.call, trap.side) != (call, side):
            return True
        return trap.spring()

    def kafka(self, api: int, side: Side) -> bool:
        """The same for a request to Kafka. What a batch makes of these are its announcements."""
        if api != PRODUCE:
            return True
        if side == "before":
            return self.goes_on(self.met("Kafka.Produce"), side)
        return self.goes_on(Call("Kafka.Produce", self._counts["Kafka.Produce"]), side)


class _Counting(FaultyProxy):
    """One connection of a runner to S3 and Glue."""

    calls: Calls

    def _forward(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = self.headers.get("X-Amz-Target")
        name = _s3_name(self.command, self.path) if target is None else _glue_name(target, body)
        if name == "Glue.GetJobRun":
            # How often a run is looked at depends on its length: the looks that differ are named.
            name += f" {_state(self._ask(body)[2])}"
        call = self.calls.met(name)
        if not self.calls.goes_on(call, "before"):
            self._hang_up()
            return
        answer = self._ask(body)
        if not self.calls.goes_on(call, "after"):
            self._hang_up()
            return
        self._answer(*answer)

    def _hang_up(self) -> None:
        self.close_connection = True


def _s3_name(verb: str, path: str) -> str:
    asked = urlsplit(path)
    query = parse_qs(asked.query)
    if "list-type" in query:
        return f"LIST {_placed(query.get('prefix', [''])[0])}"
    return f"{verb} {_placed(unquote(asked.path).split('/', 2)[-1])}"


def _placed(key: str) -> str:
    """A key without what differs between two batches of the same kind."""
    named = re.sub(r"\d{13}-[0-9a-f]{8}", "<attempt>", key)
    return re.sub(r"(batches|staging)/[0-9a-f]{32}", r"\1/<batch>", named)


def _glue_name(target: str, body: bytes) -> str:
    asked = json.loads(body)
    table = asked.get("TableName") or (asked.get("Name") if "GetTable" in target else None)
    name = target.replace("AWSGlue", "Glue")
    return f"{name} {table}" if table else name


def _state(answer: bytes) -> str:
    state = json.loads(answer).get("JobRun", {}).get("JobRunState", "unknown")
    return "active" if state in {"WAITING", "STARTING", "RUNNING", "STOPPING"} else "ended"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that are killed in the middle are what this is for."""


@contextmanager
def counting_proxy(upstream: tuple[str, int], calls: Calls) -> Iterator[str]:
    """The address of a proxy in front of S3 and Glue, for one runner and the length of a block."""
    attributes = {"upstream": upstream, "faults": Faults(), "calls": calls}
    server = _Server(("127.0.0.1", 0), type("Handler", (_Counting,), attributes))
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        if calls.trap is not None:
            calls.trap.release()
        server.shutdown()
        thread.join()
        server.server_close()
