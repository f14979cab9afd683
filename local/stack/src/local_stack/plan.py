"""What is started, in which order, with which command line, environment and readiness check."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from local_stack import broker, jars, settings
from local_stack.broker import BrokerSpec
from local_stack.java import Java
from local_stack.paths import Paths
from local_stack.ports import HOST
from local_stack.readiness import Check, http_ready, kafka_ready
from local_stack.record import StackRecord

SERVICES = ("ingestor", "s3_sink", "etl_runner", "query_api")


@dataclass(frozen=True, slots=True)
class Child:
    """A process that stays. It is started when what it `needs` is ready or done."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    ready: Check
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Errand:
    """A process that ends: what it `needs` comes first, and those that need it wait for 0."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    needs: tuple[str, ...] = ()


Step = Child | Errand


def steps(
    paths: Paths, record: StackRecord, java: Java, environ: Mapping[str, str]
) -> list[Step]:
    """Every step of the stack; the order of the list is the order of starting."""
    spec = broker_spec(paths, record, java)
    planned: list[Step] = [
        Errand("kafka-format", tuple(broker.format_command(spec)), broker.environment(spec)),
        Child(
            "kafka",
            tuple(spec.command()),
            broker.environment(spec),
            kafka_ready(spec.port),
            needs=("kafka-format",),
        ),
        _cloud(paths, record, java, environ),
        _tool("topics", ("topics", "create"), record, environ, needs=("kafka",)),
        _tool("provision", ("provision", "--all"), record, environ, needs=("cloud",)),
    ]
    if record.source.base_url is None:
        planned.append(_simulator(record, environ))
        # Only of a simulated market: nobody else's answers are made up.
        if record.history_hours:
            planned.append(_history(record, environ))
    before = {step.name for step in planned}
    planned += [_service(name, paths, record, environ, before) for name in SERVICES]
    return planned


def children(planned: list[Step]) -> list[Child]:
    """Those steps that stay."""
    return [step for step in planned if isinstance(step, Child)]


def broker_spec(paths: Paths, record: StackRecord, java: Java) -> BrokerSpec:
    """The stack's broker."""
    return BrokerSpec(
        paths.jars(jars.KAFKA),
        java.home,
        paths.state / "kafka",
        record.ports["kafka"],
        record.ports["kafka_controller"],
    )


def log_of(paths: Paths, name: str) -> Path:
    """Where a step's output goes."""
    return paths.logs / f"{name}.log"


def _cloud(paths: Paths, record: StackRecord, java: Java, environ: Mapping[str, str]) -> Child:
    argv = _command(
        "local_cloud",
        {
            "host": HOST,
            "port": record.ports["cloud"],
            "admin-port": record.ports["cloud_admin"],
            "state-dir": paths.state / "cloud",
            "spark-jars": paths.jars(jars.SPARK),
            "java-home": java.home,
            "python": settings.python(),
            "region": settings.REGION,
        },
    )
    ready = http_ready(f"{settings.url(record, 'cloud_admin')}/healthz")
    return Child("cloud", argv, settings.cloud(environ), ready)


def _simulator(record: StackRecord, environ: Mapping[str, str]) -> Child:
    argv = _command(
        "coincap_simulator",
        {
            "host": HOST,
            "port": record.ports["simulator"],
            "admin-port": record.ports["simulator_admin"],
            "seed": settings.SIMULATOR_SEED,
            "assets": settings.SIMULATOR_ASSETS,
        },
    )
    ready = http_ready(f"{settings.url(record, 'simulator_admin')}/healthz")
    return Child("simulator", argv, settings.base(environ), ready)


def _history(record: StackRecord, environ: Mapping[str, str]) -> Errand:
    argv = _command(
        "local_stack.history",
        {"hours": record.history_hours, "seed": settings.SIMULATOR_SEED},
    )
    return Errand("history", argv, settings.tools(record, environ), needs=("topics",))


def _command(module: str, options: Mapping[str, str | int | Path]) -> tuple[str, ...]:
    """`python -m module --name value …`."""
    given = ((f"--{name}", str(value)) for name, value in options.items())
    return (settings.python(), "-m", module, *(part for pair in given for part in pair))


def _tool(
    name: str,
    arguments: tuple[str, ...],
    record: StackRecord,
    environ: Mapping[str, str],
    needs: tuple[str, ...],
) -> Errand:
    argv = (settings.python(), "-m", "coinlake_tools", *arguments)
    return Errand(name, argv, settings.tools(record, environ), needs)


_NEEDS = {
    # Its heartbeats promise that nothing older will come.
    "ingestor": ("topics", "simulator", "history"),
    "s3_sink": ("topics", "provision"),
    "etl_runner": ("topics", "provision"),
    "query_api": ("provision",),
}


def _service(
    name: str,
    paths: Paths,
    record: StackRecord,
    environ: Mapping[str, str],
    before: Collection[str],
) -> Child:
    return Child(
        name,
        (settings.python(), "-m", name),
        settings.service(name, record, paths, environ),
        http_ready(f"{settings.url(record, name)}/readyz"),
        needs=tuple(need for need in _NEEDS[name] if need in before),
    )
