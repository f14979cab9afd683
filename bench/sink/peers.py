"""Who takes part: how each writer is started, and how one that runs for ever is known to be done."""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bench.sink import provisions
from bench.sink.job import Job
from bench.sink.provisions import FOLDER, ROOT
from local_stack.java import find_java
from local_stack.ports import HOST, free_ports

__all__ = ["FOLDER", "ROOT", "WRITERS", "Launch", "Writer", "environment"]
# Long beside a run, so that only the last object of a partition is cut by age.
_AGE_S = "5"
_ISAL_BEST = 3


@dataclass(frozen=True, slots=True)
class Launch:
    """A program to start. `is_done` is asked while it runs; without it the program ends itself."""

    command: list[str]
    environ: Mapping[str, str] = field(default_factory=dict)
    is_done: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True)
class Writer:
    """One that takes part. `what` says in a line what it is and how it is set.

    `prepare` fetches what it needs, before anything is measured.
    """

    name: str
    what: str
    launch: Callable[[Job], Launch]
    prepare: Callable[[provisions.Say], object] = lambda _: None


def environment(launch: Launch, job: Job) -> dict[str, str]:
    """All that a writer sees: its own, the job, and of the person's environment the path."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return {**kept, "PYTHONPATH": str(ROOT), **job.environ(), **launch.environ}


def _coinlake(job: Job) -> Launch:
    (port,) = free_ports(1)
    environ = {
        "KAFKA_BOOTSTRAP_SERVERS": job.bootstrap,
        "COINLAKE_BUCKET": job.bucket,
        "S3_SINK_TOPICS": json.dumps([job.topic]),
        "S3_SINK_GROUP__ID": job.bucket,
        "S3_SINK_OBJECT__MAX_RAW_BYTES": str(job.object_bytes),
        "S3_SINK_OBJECT__MAX_BYTES": str(job.object_bytes),
        "S3_SINK_OBJECT__GZIP_LEVEL": str(min(job.gzip_level, _ISAL_BEST)),
        "S3_SINK_OBJECT__MAX_AGE_S": _AGE_S,
        "S3_SINK_HTTP__PORT": str(port),
    }
    return Launch(
        [sys.executable, "-m", "s3_sink"],
        environ,
        lambda: _has_stored(f"http://{HOST}:{port}/status", job),
    )


def _has_stored(url: str, job: Job) -> bool:
    """Whether every chain runs and all values are in them, by the sink's own word."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            partitions = json.load(answer)["partitions"].values()
    except (urllib.error.URLError, OSError):
        return False  # it has not started to listen yet
    running = sum(one["state"] == "running" for one in partitions)
    stored: int = sum(one["chain_end"] or 0 for one in partitions if one["state"] == "running")
    return running == job.partitions and stored >= job.values


def _loop(module: str, level: int | None = None) -> Callable[[Job], Launch]:
    """A loop of ours, in the packages that the sink itself has."""

    def launch(_: Job) -> Launch:
        own = {} if level is None else {"BENCH_GZIP_LEVEL": str(level)}
        return Launch([sys.executable, "-m", f"bench.sink.writers.{module}"], own)

    return launch


def _python_peer(module: str) -> Callable[[Job], Launch]:
    """A peer whose packages are in the bench's own venv."""

    def launch(_: Job) -> Launch:
        python = provisions.python(_silent)
        return Launch([str(python), "-m", f"bench.sink.writers.{module}"])

    return launch


def _spark(_: Job) -> Launch:
    java = find_java()
    environ = {
        "BENCH_JARS": provisions.spark(_silent),
        "JAVA_HOME": str(java.home),
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_LOCAL_IP": HOST,
    }
    return Launch([sys.executable, "-m", "bench.sink.writers.spark"], environ)


def _flink(job: Job) -> Launch:
    """A local cluster in one JVM."""
    command = [str(find_java().executable), "-Xmx2g", *_FLINK_OPENS]
    command += [f"-Dorg.slf4j.simpleLogger.{setting}" for setting in _FLINK_LOGS]
    command += ["-cp", provisions.flink(_silent), "coinlake.bench.FlinkSink"]
    return Launch(command, {"BENCH_ROLL_BYTES": str(job.object_bytes // _TYPICAL_RATIO)})


# Flink asks for these on Java 17; its own scripts set them too.
_FLINK_OPENS = tuple(
    f"--add-opens=java.base/{package}=ALL-UNNAMED"
    for package in ("java.lang", "java.util", "java.time", "java.nio", "sun.net.util")
)
# It warns of each metric that four subtasks share.
_FLINK_LOGS = (
    "defaultLogLevel=warn",
    "showDateTime=true",
    "log.org.apache.flink.metrics=error",
)
# Flink's files are cut by their packed size, of which this is about a quarter of the raw one.
_TYPICAL_RATIO = 4


def _silent(_: str) -> None:
    """All was fetched before the first run."""


WRITERS: dict[str, Writer] = {
    writer.name: writer
    for writer in (
        Writer("coinlake", "coinlake's s3-sink, ISA-L", _coinlake),
        Writer("plain", "the sink's libraries in a loop of 60 lines, ISA-L", _loop("plain")),
        Writer("naive", "aiokafka `async for`, gzip, aiobotocore", _loop("naive")),
        Writer("naive-default", "the same at Python's default level, 9", _loop("naive", 9)),
        Writer(
            "confluent",
            "confluent-kafka in batches, gzip, boto3",
            _python_peer("confluent"),
            provisions.python,
        ),
        Writer(
            "quix",
            "Quix Streams' S3FileSink, lines of bytes",
            _python_peer("quix"),
            provisions.python,
        ),
        Writer("spark", "Structured Streaming, text files, gzip", _spark, provisions.spark),
        Writer(
            "flink", "KafkaSource to FileSink, gzip, S3 by Hadoop", _flink, provisions.flink
        ),
    )
}
