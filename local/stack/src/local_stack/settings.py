"""Every setting of the embedded stack, in one place: quick rather than cheap."""

import hashlib
import os
import sys
from collections.abc import Mapping

from local_stack import pace
from local_stack.paths import Paths
from local_stack.ports import HOST
from local_stack.record import StackRecord

BUCKET, DATABASE = "coinlake", "coinlake"
REGION = "us-east-1"
ACCESS_KEY, SECRET_KEY = "local-access-key", "local-secret-key"
SIMULATOR_KEY = "simulator"
SIMULATOR_SEED, SIMULATOR_ASSETS = 42, 150

# A page of the feeds costs credits on the real API: the simulator's pace would spend a month's
# worth in an hour. Seconds between polls, pages, rows per page (0: a route without paging).
# Credits of the simulator's default key, which has a plan without limits worth hitting.
_NO_LIMIT = 10**12

_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ")
# Only the ingestor leaves the machine, and only with a real key.
_PASSED_TO_INGESTOR = (
    "https_proxy",
    "HTTPS_PROXY",
    "no_proxy",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)


def url(record: StackRecord, name: str) -> str:
    """The base URL of something that listens."""
    return f"http://{HOST}:{record.ports[name]}"


def base_url(record: StackRecord) -> str:
    """The base URL of the API that the ingestor polls."""
    return record.source.base_url or f"{url(record, 'simulator')}/v3"


def exported(record: StackRecord) -> dict[str, str]:
    """What `.local/stack.env` tells: where everything is, for any client."""
    return {
        "KAFKA_BOOTSTRAP_SERVERS": f"{HOST}:{record.ports['kafka']}",
        "AWS_ENDPOINT_URL": url(record, "cloud"),
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "COINLAKE_BUCKET": BUCKET,
        "COINLAKE_DATABASE": DATABASE,
        "QUERY_API_URL": url(record, "query_api"),
        "QUERY_API_KEY": record.query_key,
        "COINCAP_BASE_URL": base_url(record),
        "SIMULATOR_ADMIN_URL": url(record, "simulator_admin"),
        "INGESTOR_URL": url(record, "ingestor"),
        "S3_SINK_URL": url(record, "s3_sink"),
        "ETL_RUNNER_URL": url(record, "etl_runner"),
        "CLOUD_ADMIN_URL": url(record, "cloud_admin"),
    }


def base(environ: Mapping[str, str]) -> dict[str, str]:
    """What every process inherits: nothing of the person's own AWS, Kafka or Java settings."""
    kept = {name: environ[name] for name in _PASSED_ON if name in environ}
    return {"PATH": os.defpath, **kept, "PYTHONUNBUFFERED": "1"}


def tools(record: StackRecord, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of the command `coinlake`, and the common part of every service's."""
    told = exported(record)
    return {**base(environ), **{name: told[name] for name in _SHARED}}


def service(
    name: str, record: StackRecord, paths: Paths, environ: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment of one of the four services."""
    prefix = name.upper()
    return {
        **tools(record, environ),
        f"{prefix}_HTTP__HOST": HOST,
        f"{prefix}_HTTP__PORT": str(record.ports[name]),
        **_OWN[name](record, paths, environ),
    }


def cloud(environ: Mapping[str, str]) -> dict[str, str]:
    """The local cloud's environment; its options are in its command line."""
    keys = {"LOCAL_CLOUD_ACCESS_KEY": ACCESS_KEY, "LOCAL_CLOUD_SECRET_KEY": SECRET_KEY}
    return base(environ) | keys


def python() -> str:
    """The Python that runs everything: the one that runs us."""
    return sys.executable


_SHARED = (
    "KAFKA_BOOTSTRAP_SERVERS",
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
    "COINLAKE_BUCKET",
    "COINLAKE_DATABASE",
)


def _ingestor(record: StackRecord, paths: Paths, environ: Mapping[str, str]) -> dict[str, str]:
    real = record.source.base_url is not None
    own = {
        "COINCAP_BASE_URL": base_url(record),
        "INGESTOR_SOURCE": "coincap" if real else "simulator",
        "INGESTOR_STATE_DIR": str(paths.state / "ingestor"),
        "INGESTOR_HEARTBEAT_S": "10",
        # The real API's key lives in this environment and nowhere else.
        "COINCAP_API_KEY": environ.get("COINCAP_API_KEY", "") if real else SIMULATOR_KEY,
    }
    if real:
        own["INGESTOR_CREDITS__MAX_TOTAL"] = str(record.source.credits)
        own |= {name: environ[name] for name in _PASSED_TO_INGESTOR if name in environ}
    else:
        own["INGESTOR_CREDITS__PER_MONTH"] = str(_NO_LIMIT)
    for feed, paced in (pace.REAL if real else pace.SIMULATED).items():
        section = f"INGESTOR_FEEDS__{feed.upper()}__"
        own[f"{section}INTERVAL_S"] = str(paced.interval_s)
        own[f"{section}PAGES"] = str(paced.pages)
        own[f"{section}LIMIT"] = str(paced.limit)
    return own


def _s3_sink(record: StackRecord, paths: Paths, environ: Mapping[str, str]) -> dict[str, str]:
    return {
        "S3_SINK_OBJECT__MAX_AGE_S": "3",
        "S3_SINK_FLUSH_DEADLINE_S": "10",
        # One sink: after a kill it gets its partitions back at once, not after a session.
        "S3_SINK_GROUP__INSTANCE_ID": "local-stack",
    }


def _etl_runner(
    record: StackRecord, paths: Paths, environ: Mapping[str, str]
) -> dict[str, str]:
    return {
        "ETL_RUNNER_MAX_WAIT_S": "3",
        "ETL_RUNNER_RECONCILE_S": "15",
        "ETL_RUNNER_POLL_S": "0.3",
        "ETL_RUNNER_CLOSE_GRACE_S": "15",
        "ETL_RUNNER_RETRY_BASE_S": "3",
        "ETL_RUNNER_RETRY_CAP_S": "60",
    }


def _query_api(record: StackRecord, paths: Paths, environ: Mapping[str, str]) -> dict[str, str]:
    hashed = hashlib.sha256(record.query_key.encode()).hexdigest()
    return {
        "QUERY_API_KEYS": f'["demo:read,sql:{hashed}"]',
        "QUERY_API_ANONYMOUS_READ": "true",
        "QUERY_API_LEDGER_IDLE_S": "5",
    }


_OWN = {
    "ingestor": _ingestor,
    "s3_sink": _s3_sink,
    "etl_runner": _etl_runner,
    "query_api": _query_api,
}
