"""The surroundings of one Spark run: its settings, log settings and environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_cloud.clients import Clients
from local_cloud.jobs.installed import Packages

# Short runs never pay back the optimising compiler: 12.9 s became 9.1 s for the smallest
# job over S3, as measured on 2 cores. Archives of class data (CDS) gained nothing that could be
# measured.
FAST_START = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Duser.timezone=UTC"
LOG4J = """\
rootLogger.level = warn
rootLogger.appenderRef.stderr.ref = stderr
appender.stderr.type = Console
appender.stderr.name = stderr
appender.stderr.target = SYSTEM_ERR
appender.stderr.layout.type = PatternLayout
appender.stderr.layout.pattern = %d{yy/MM/dd HH:mm:ss} %p %c{1}: %m%n%ex
# One warning per process about files that nobody here has.
logger.metrics.name = org.apache.hadoop.metrics2
logger.metrics.level = error
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
"""


@dataclass(frozen=True, slots=True)
class Install:
    """What is on this machine: the Python with pyspark and what it has, a JDK 17, the S3A jars."""

    python: Path
    packages: Packages
    java_home: Path
    jars: Path
    driver_memory: str


def settings(install: Install, clients: Clients, scratch: Path) -> dict[str, str]:
    """`spark-defaults.conf` of one run; both `s3://` and `s3a://` reach the cloud's bucket."""
    s3a = "org.apache.hadoop.fs.s3a.S3AFileSystem"
    hadoop = {
        "fs.s3.impl": s3a,
        "fs.s3a.impl": s3a,
        "fs.s3a.endpoint": clients.s3_endpoint,
        "fs.s3a.endpoint.region": clients.region,
        "fs.s3a.access.key": clients.access_key,
        "fs.s3a.secret.key": clients.secret_key,
        "fs.s3a.path.style.access": "true",
        "fs.s3a.connection.ssl.enabled": str(clients.s3_endpoint.startswith("https")).lower(),
        # Without it a file-backed S3 server makes S3A retry deletes of folders for minutes (seen
        # with hadoop-aws 3.3.4 and versitygw; Hadoop's "Controlling the S3A Directory Marker
        # Behavior").
        "fs.s3a.directory.marker.retention": "keep",
        "fs.s3a.buffer.dir": str(scratch / "s3a"),
        # A rename is a copy on S3; this committer does one instead of two (Hadoop's
        # mapred-default.xml; MAPREDUCE-4815).
        "mapreduce.fileoutputcommitter.algorithm.version": "2",
    }
    return {
        "spark.master": "local[2]",
        "spark.driver.memory": install.driver_memory,
        "spark.driver.extraClassPath": f"{install.jars}/*",
        "spark.driver.extraJavaOptions": FAST_START,
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.local.dir": str(scratch),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "2",
        "spark.default.parallelism": "2",
        "spark.sql.warehouse.dir": str(scratch / "warehouse"),
        **{f"spark.hadoop.{key}": value for key, value in hadoop.items()},
    }


def properties(values: Mapping[str, str]) -> str:
    """The text of a Spark properties file."""
    return "".join(f"{key} {value}\n" for key, value in values.items())


def environment(
    install: Install, clients: Clients, folder: Path, path: list[Path], conf: Path
) -> dict[str, str]:
    """The whole environment of the script: nothing of ours leaks into it."""
    return {
        "PATH": f"{install.java_home / 'bin'}:/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": ":".join(str(entry) for entry in path),
        "PYSPARK_PYTHON": str(install.python),
        "PYSPARK_DRIVER_PYTHON": str(install.python),
        "JAVA_HOME": str(install.java_home),
        "SPARK_CONF_DIR": str(conf),
        "SPARK_LOCAL_IP": "127.0.0.1",
        # macOS ends forked Python workers without it (Spark 3.5, python/docs: development/testing).
        "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES",
        "AWS_ACCESS_KEY_ID": clients.access_key,
        "AWS_SECRET_ACCESS_KEY": clients.secret_key,
        "AWS_DEFAULT_REGION": clients.region,
        "AWS_REGION": clients.region,
        "AWS_ENDPOINT_URL": clients.endpoint,
        "AWS_ENDPOINT_URL_S3": clients.s3_endpoint,
    }
