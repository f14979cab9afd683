"""One run: broker, store, load, sinks, the schedule, healing, and the judgement."""

import asyncio
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from local_stack.broker import start_broker
from tests.labs.churn import judge, load, store
from tests.labs.churn.schedule import FIRST, Action, schedule
from tests.labs.churn.sinks import Crew, Seat

PARTITIONS = 4
SESSION_S = 6.0
_READY_S = 90.0
_HEAL_S = 120.0


@dataclass(frozen=True, slots=True)
class Plan:
    """What to run. `control` names the rule that the sinks are without."""

    seed: int
    seconds: float
    rate: int
    control: str | None = None

    @property
    def actions(self) -> tuple[Action, ...]:
        return schedule(self.seed, self.seconds, SESSION_S)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `lost` and `doubled` count records; `audit` is its exit code and text."""

    sent: int
    in_kafka: int
    objects: int
    lost: int
    doubled: int
    audit: tuple[int, str]
    adopted: int
    refused: int
    seconds: float

    @property
    def is_exact(self) -> bool:
        return self.audit[0] == 0 and not self.lost and not self.doubled

    def __str__(self) -> str:
        verdict = "exactly once" if self.is_exact else "NOT exactly once"
        return (
            f"{verdict}: {self.sent} records sent, {self.in_kafka} in Kafka, "
            f"{self.lost} lost, {self.doubled} doubled or foreign, {self.objects} objects, "
            f"{self.refused} PUTs refused, {self.adopted} objects adopted, "
            f"audit {'proven' if self.audit[0] == 0 else 'differs'}, {self.seconds:.0f} s"
        )


async def play(plan: Plan, folder: Path, say: Callable[[str], None]) -> Outcome:
    """Run a plan in an empty folder."""
    began = time.monotonic()
    topic = f"three{uuid.uuid4().hex[:8]}.v1"
    with (
        start_broker(folder / "broker") as broker,
        store.open_store(folder / "s3", "lake") as endpoint,
    ):
        environ = _environ(broker.bootstrap, endpoint, topic)
        await load.create_topic(broker.bootstrap, topic, PARTITIONS)
        crew = Crew(lambda name: _seat(plan, name, environ, folder), say)
        try:
            sent = await _storm(plan, crew, broker.bootstrap, topic)
            verdict = await judge.audited(environ, topic, _HEAL_S)
            await crew.dismiss()
        finally:
            crew.kill()
        if verdict[0] == 0:
            # Once more, now that nobody works on it any more.
            verdict = await judge.audited(environ, topic, 0)
        kafka = await load.in_kafka(broker.bootstrap, topic, PARTITIONS)
        raw, objects = judge.in_raw(environ, topic)
    lost, doubled = (kafka - raw).total(), (raw - kafka).total()
    return Outcome(
        sent,
        kafka.total(),
        objects,
        lost,
        doubled,
        verdict,
        crew.told("object_adopted"),
        crew.told("create_refused"),
        time.monotonic() - began,
    )


async def _storm(plan: Plan, crew: Crew, bootstrap: str, topic: str) -> int:
    """The load and the schedule over it; then everybody is there again. Records sent."""
    for name in FIRST:
        crew.seat(name).start()
    await crew.ready(_READY_S)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        loading = tasks.create_task(
            load.produce(bootstrap, topic, PARTITIONS, plan.rate, plan.seed, stop)
        )
        await crew.play(plan.actions)
        stop.set()
    await crew.ready(_READY_S)
    return loading.result()


def _environ(bootstrap: str, endpoint: str, topic: str) -> dict[str, str]:
    return {
        **store.environment(endpoint),
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "COINLAKE_BUCKET": "lake",
        "S3_SINK_TOPICS": f'["{topic}"]',
        "S3_SINK_GROUP__ID": topic,
        "S3_SINK_GROUP__SESSION_TIMEOUT_S": str(SESSION_S),
        "S3_SINK_FLUSH_DEADLINE_S": "4",
        "S3_SINK_RETRY_CAP_S": "1",
        "S3_SINK_OBJECT__MAX_AGE_S": "1",
        "S3_SINK_OBJECT__MAX_RECORDS": "400",
    }


def _seat(plan: Plan, name: str, environ: dict[str, str], folder: Path) -> Seat:
    module: tuple[str, ...] = ("-m", "s3_sink")
    if plan.control is not None:
        module = ("-m", "tests.labs.churn.broken_sink", plan.control)
    if name == FIRST[0]:
        # One of them is a static member: it comes back to its partitions without a rebalance.
        environ = {**environ, "S3_SINK_GROUP__INSTANCE_ID": name}
    return Seat(name, module, environ, folder / f"sink-{name}.log")
