"""What the command line of the cloud says, and its two keys, which are in the environment alone."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the cloud listens, keeps its state, and finds Spark. Read once, in `__main__`."""

    host: str
    port: int
    admin_port: int
    state_dir: Path
    spark_jars: Path | None
    java_home: Path | None
    python: Path
    s3_endpoint: str | None
    region: str
    access_key: str
    secret_key: str
    slot_release_s: float
    timeout_minute_s: float
    driver_memory: str
    active_queries: int


def parsed(argv: Sequence[str], environ: Mapping[str, str]) -> Settings:
    """Settings from arguments; wrong ones end the process with argparse's sentence.

    The keys are no arguments: every user of a machine may read those (proc_pid_cmdline(5)). Their
    names are our own, since AWS_ACCESS_KEY_ID may be the person's.
    """
    parser = argparse.ArgumentParser(prog="local_cloud", description=__doc__)
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", type=int, default=0, help="port of all AWS APIs; 0 takes a free one")
    add("--admin-port", type=int, default=0, help="port of health, bill, logs and faults")
    add("--state-dir", type=Path, required=True, help="folder that survives restarts")
    add("--spark-jars", type=Path, help="folder with hadoop-aws and its SDK, for Glue's jobs")
    add("--java-home", type=Path, help="a JDK or JRE 17, for Glue's jobs")
    add("--python", type=Path, default=Path(sys.executable), help="Python with pyspark")
    add("--s3-endpoint", default=None, help="S3 server to use instead of the built-in one")
    add("--region", default="us-east-1")
    add(
        "--slot-release-s", type=float, default=1.0, help="how long an ended run keeps its slot"
    )
    add("--timeout-minute-s", type=float, default=60.0, help="seconds in a minute of Timeout")
    add("--driver-memory", default="1g", help="heap of a Spark run")
    add(
        "--active-queries",
        type=int,
        default=200,
        help="Athena's quota of queries that are queued or running (200 in us-east-1)",
    )
    said = parser.parse_args(argv)
    if (said.spark_jars is None) != (said.java_home is None):
        parser.error("--spark-jars and --java-home go together; without both there are no jobs")
    said.access_key = environ.get("LOCAL_CLOUD_ACCESS_KEY", "local-access-key")
    said.secret_key = environ.get("LOCAL_CLOUD_SECRET_KEY", "local-secret-key")
    return Settings(**vars(said))
