"""Puts the cloud together: the only place that picks real things."""

import json
import secrets
import signal
import sys
import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import structlog

from local_cloud.admin import CloudAdmin
from local_cloud.athena.api.service import AthenaService
from local_cloud.bill import Bill
from local_cloud.catalog.service import CatalogService
from local_cloud.clients import Clients, clients_for
from local_cloud.config import Settings
from local_cloud.crawler.service import Crawlers
from local_cloud.dispatch import AwsService, CloudParts, Dispatcher
from local_cloud.faults import Faults
from local_cloud.glue import Glue
from local_cloud.jobs.installed import InstallError, check_jars, packages_of
from local_cloud.jobs.runner import Surroundings
from local_cloud.jobs.service import Jobs
from local_cloud.jobs.spark import Install
from local_cloud.moto_services import moto_services
from local_cloud.quality.service import DataQuality
from local_cloud.server import Application, Environ, Server, StartResponse
from local_cloud.tags import Tags

log = structlog.get_logger(__name__)

# A stopping cloud kills its runs at once; this is for their threads to write it down.
CLOSE_WITHIN_S = 3.0


class Late:
    """An application that is filled in after its port is known: the engines need the port."""

    def __init__(self) -> None:
        self.app: Application | None = None

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        if self.app is None:
            start_response("503 Service Unavailable", [])
            return [b""]
        return self.app(environ, start_response)


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    state = settings.state_dir.resolve()
    state.mkdir(parents=True, exist_ok=True)
    with ExitStack() as open_:
        front, admin_front = Late(), Late()
        server = open_.enter_context(Server(settings.host, settings.port, front))
        admin = open_.enter_context(Server(settings.host, settings.admin_port, admin_front))
        endpoint = f"http://{settings.host}:{server.port}"
        clients = clients_for(
            endpoint,
            settings.s3_endpoint or endpoint,
            settings.region,
            settings.access_key,
            settings.secret_key,
        )
        bill, faults = Bill(), Faults()
        jobs = _jobs(settings, state, clients, bill, faults)
        open_.callback(jobs.close, CLOSE_WITHIN_S)
        crawlers = Crawlers(state / "glue", clients, bill, time.time)
        open_.callback(crawlers.close)
        athena = AthenaService(clients, state, bill, settings.active_queries)
        open_.callback(athena.close)
        engines: dict[str, AwsService] = {
            "glue": _glue(state, jobs, crawlers, DataQuality(clients, bill, time.time)),
            "athena": athena,
        }
        parts = CloudParts(moto_services(), engines, faults, bill, settings.s3_endpoint)
        front.app = Dispatcher(parts)
        # Health comes last: who sees it may call.
        admin_front.app = CloudAdmin(bill, faults, jobs.log_of, athena.tables_of)
        ready = {"event": "ready", "port": server.port, "admin_port": admin.port}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        stop.wait()
        log.info("cloud_stopping")


def _glue(state: Path, jobs: Jobs, crawlers: Crawlers, quality: DataQuality) -> Glue:
    catalog = CatalogService(state / "catalog.jsonl", time.time)
    log.info("catalog_replayed", writes=catalog.replay())
    tags = Tags({"job": jobs, "crawler": crawlers}, catalog.operations)
    return Glue(
        jobs.operations,
        crawlers.operations,
        catalog.operations,
        quality.operations,
        tags.operations,
    )


def _jobs(
    settings: Settings, state: Path, clients: Clients, bill: Bill, faults: Faults
) -> Jobs:
    minute_s = settings.timeout_minute_s
    around = Surroundings(clients, _spark(settings), bill, faults, minute_s, _Ticks())
    return Jobs(
        state / "glue",
        around,
        settings.slot_release_s,
        lambda: f"jr_{secrets.token_hex(32)}",
    )


def _spark(settings: Settings) -> Install | None:
    """What runs have; None where the command line names none, and there are no runs then."""
    if settings.java_home is None or settings.spark_jars is None:
        log.info("no_spark", means="jobs of Glue cannot be made or run")
        return None
    python, jars = settings.python.absolute(), settings.spark_jars.resolve()
    try:
        packages = packages_of(python)
        check_jars(jars, packages)
    except InstallError as error:
        raise SystemExit(str(error)) from error
    log.info("spark", version=packages.spark, hadoop=packages.hadoop, python=str(python))
    return Install(python, packages, settings.java_home.resolve(), jars, settings.driver_memory)


class _Ticks:
    """Wall time that never repeats: the order of runs is the order of their starts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0.0

    def __call__(self) -> float:
        with self._lock:
            self._last = max(time.time(), self._last + 1e-6)
            return self._last
