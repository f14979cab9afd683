"""One batch that is disturbed at any of its calls, from the same lake each time."""

import json
import signal
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from coinlake.contracts.cloud import GLUE_JOB
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from local_stack.ports import free_ports
from tests.integration.etl_runner.conftest import Lake, until
from tests.labs.cluster.kafka_proxy import KafkaFaults
from tests.labs.runners.calls import Call, Calls, Side, Trap, counting_proxy
from tests.labs.runners.lake import (
    DATABASE,
    PublishedHour,
    Snapshot,
    published,
    put_back,
    taken,
)
from tests.labs.runners.process import ForkedRunner, forked_runner
from tests.labs.runners.reading import Seen, by_partition, by_sql, reading

FEED = "rates"
NO_SETTINGS: Mapping[str, str] = {}
LOOK = "Glue.GetJobRun active"
How = Literal["killed", "frozen"]
SETTINGS = {
    "ETL_RUNNER_MAX_WAIT_S": "0.2",
    "ETL_RUNNER_RECONCILE_S": "1",
    "ETL_RUNNER_POLL_S": "0.3",
    "ETL_RUNNER_RETRY_BASE_S": "0.5",
}


def answer(rate: str, at: Hour) -> bytes:
    """An answer of the API with two rows, and one that goes to the quarantine."""
    data = [
        {"id": "euro", "symbol": "EUR", "rateUsd": rate},
        {"id": "yen", "symbol": "JPY", "rateUsd": f"0.00{rate[0]}"},
        {"id": "lira", "symbol": "TRY", "rateUsd": "many"},
    ]
    return json.dumps({"data": data, "timestamp": at.start_ms}).encode()


@dataclass(frozen=True)
class Kafka:
    """Both doors of a broker, and what holds calls at the one for runners that are watched."""

    bootstrap: str
    proxied: str
    faults: KafkaFaults


@dataclass
class World:
    """A lake, the hours of the batch in it, and runners over them."""

    lake: Lake
    folder: Path
    kafka: Kafka | None
    hours: dict[Hour, str]
    """Each with its name in the calls."""
    expected: dict[Hour, PublishedHour] = field(default_factory=dict)
    counts: dict[Hour, list[int]] = field(default_factory=dict)
    """The rows of each hour with each version, 0 first where it is new: a reader counts no others."""
    is_first: bool = False
    """Whether the batch is the lake's first: its tables are not there yet, so that it crawls."""
    started: int = 0

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(TABULAR[FEED].published)

    @contextmanager
    def runner(
        self,
        calls: Calls | None = None,
        without: str | None = None,
        settings: Mapping[str, str] = NO_SETTINGS,
    ) -> Iterator[ForkedRunner]:
        """A runner for the length of a block, behind a proxy that knows its calls if there are."""
        port, nobody = free_ports(2)
        self.started += 1
        log = self.folder / f"runner-{self.started}.log"
        cloud = self.lake.cloud
        bootstrap = f"127.0.0.1:{nobody}" if self.kafka is None else self.kafka.bootstrap
        environ = cloud.environ | SETTINGS | {"ETL_RUNNER_HTTP__PORT": str(port)}
        with ExitStack() as open_:
            if calls is not None:
                url = open_.enter_context(counting_proxy(("127.0.0.1", cloud.port), calls))
                environ["AWS_ENDPOINT_URL"] = url
                if self.kafka is not None:
                    bootstrap, self.kafka.faults.holds = self.kafka.proxied, calls.kafka
            environ |= {"KAFKA_BOOTSTRAP_SERVERS": bootstrap, **settings}
            runner = forked_runner(environ, port, log, without)
            open_.callback(_end_if_alive, runner)
            yield runner

    @contextmanager
    def read(self, hours: Sequence[Hour] | None = None) -> Iterator[tuple[Seen, Seen]]:
        """Two readers that count the hours' rows for the length of a block."""
        lake, asked = self.lake, list(hours or self.hours)
        with (
            reading(lambda: by_partition(lake, FEED, asked), 0.15) as direct,
            reading(lambda: by_sql(lake, FEED, asked), 1.5, _is_failed_query) as sql,
        ):
            yield direct, sql

    def is_settled(self, runner: ForkedRunner) -> bool:
        """Whether nothing is left to do, as the runner and the ledger say."""
        if self.is_running():
            return False
        told = [runner.hour(FEED, hour) for hour in self.hours]
        wanted = [sum(count > 0 for count in self.counts[hour]) for hour in self.hours]
        return [(one.get("state"), one.get("version")) for one in told] == [
            ("clean", version) for version in wanted
        ]

    def is_running(self) -> bool:
        runs = self.lake.glue.get_job_runs(JobName=GLUE_JOB, MaxResults=10)["JobRuns"]
        return any(
            run["JobRunState"] in {"WAITING", "STARTING", "RUNNING", "STOPPING"} for run in runs
        )

    def now(self) -> dict[Hour, PublishedHour]:
        return {hour: published(self.lake, FEED, hour) for hour in self.hours}

    def begin(self, start: Snapshot) -> None:
        """Put the lake back to before the batch."""
        put_back(self.lake, start)
        if self.is_first:
            for table in self.tables:
                self.lake.glue.delete_table(DatabaseName=DATABASE, Name=table)

    def undisturbed(self, calls: Calls) -> None:
        """The batch as nobody disturbs it, to its last call."""
        told = Call("Kafka.Produce", len(self.hours))
        with self.runner(calls) as runner:
            runner.until(lambda: self.is_settled(runner))
            runner.until(lambda: self.kafka is None or told in calls.seen)
            passes = calls.passes
            runner.until(lambda: calls.passes > passes)
            runner.end()

    def disturbed(self, start: Snapshot, call: Call, side: Side, how: How) -> list[str]:
        """What is wrong after the runner was killed or frozen there, and another came; [] if nothing."""
        self.begin(start)
        caught: list[ForkedRunner] = []
        number = signal.SIGKILL if how == "killed" else signal.SIGSTOP
        trap = Trap(call, side, lambda: caught[0].send(number), is_dropped=how == "killed")
        calls = Calls(self.labels(), trap)
        with self.read() as seen, ExitStack() as open_:
            victim = open_.enter_context(self.runner(calls))
            caught.append(victim)
            until(trap.sprung.is_set)
            heir = open_.enter_context(self.runner())
            heir.until(lambda: self.is_settled(heir))
            if how == "killed":
                victim.killed()
            else:
                victim.send(signal.SIGCONT)
                trap.release()
                passes = calls.passes
                victim.until(lambda: calls.passes > passes and self.is_settled(victim))
                heir.until(lambda: self.is_settled(heir))
                victim.end()
            heir.end()
        return self.faults(self.now(), seen)

    def labels(self) -> dict[str, str]:
        return {hour.path: label for hour, label in self.hours.items()}

    def faults(self, found: dict[Hour, PublishedHour], seen: Sequence[Seen]) -> list[str]:
        """What differs from the undisturbed batch, and what a reader saw that it never may."""
        wrong = []
        for hour, label in self.hours.items():
            wanted = self.expected[hour]
            wrong += [
                f"{label}: other {name}: {getattr(found[hour], name)}"
                for name in ("rows", "partitions", "versions", "inputs")
                if getattr(found[hour], name) != getattr(wanted, name)
            ]
            if not found[hour].are_objects_the_ledgers:
                wrong.append(f"{label}: the published objects are not those of the ledger")
            wrong += [
                f"{label}: at last a reader counted {one.counts.get(hour)}"
                for one in seen
                if one.counts.get(hour, [])[-1:] != self.counts[hour][-1:]
            ]
        return wrong + self.partial(seen)

    def partial(self, seen: Sequence[Seen]) -> list[str]:
        """Counts that no version of an hour has, or that come in another order than the versions."""
        return [
            f"{self.hours[hour]}: a reader counted {counts}, not {self.counts[hour]}"
            for one in seen
            for hour, counts in list(one.counts.items())
            if not _is_in_order(counts, self.counts[hour])
        ]


def _is_in_order(counts: Sequence[int], legal: Sequence[int]) -> bool:
    """Whether the counts are some of the legal ones, in their order."""
    left = iter(legal)
    return all(count in left for count in counts)


def prepared(world: World) -> tuple[Snapshot, list[Call]]:
    """The lake before the batch, and the calls of the batch that nobody disturbs.

    One hour of the batch is new. Others beside it are published already and have got a late object.
    """
    lake = world.lake
    new, *late = world.hours
    world.counts = {new: [0, 4]} | {hour: [2, 4] for hour in late}
    for hour in late:
        lake.land(FEED, hour, [answer("1.5", hour)])
        with world.runner() as runner:
            until(lambda at=hour: lake.ledger(FEED, at))  # type: ignore[misc]
            until(lambda: not lake.keys("staging/"))
            runner.end()
        lake.land(FEED, hour, [answer("1.6", hour)])
    lake.land(FEED, new, [answer("2.5", new), answer("2.6", new)])
    start = taken(lake, world.tables)
    if not late:
        # The first batch of a lake crawls, since it has no tables yet; no other does.
        world.undisturbed(Calls(world.labels()))
        world.begin(start)
    calls = Calls(world.labels())
    world.undisturbed(calls)
    world.expected = world.now()
    # How often a run is looked at is a matter of its length, and all looks at one that works are
    # alike.
    alike = [call for call in calls.seen if call.name == LOOK and call.nth > 1]
    return start, [call for call in calls.seen if call not in alike]


def _end_if_alive(runner: ForkedRunner) -> None:
    if runner.forked.is_alive():
        runner.killed()


def _is_failed_query(error: BaseException) -> bool:
    """`Lake.sql` says so by an assertion."""
    return isinstance(error, AssertionError)
