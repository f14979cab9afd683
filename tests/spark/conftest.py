"""A real Spark, with ANSI casts and without, and an S3 server for the whole folder."""

import os
import sys
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from pyspark import SparkConf, SparkContext

from coinlake_job import lake
from tests import sparks
from tests.labs.cluster import stores

_numbers = count()


@pytest.fixture(scope="package")
def s3() -> Iterator[Any]:
    """A client of an S3 server that the processes of Spark know."""
    with pytest.MonkeyPatch.context() as patch, stores.moto() as (host, port):
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        yield lake.client()


@pytest.fixture
def bucket(s3: Any) -> str:
    """A bucket of the test's own: no batch of another is in it."""
    name = f"lake-{next(_numbers)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture(scope="package", params=["true", "false"], ids=["ansi", "no-ansi"])
def ansi(request: pytest.FixtureRequest) -> str:
    """`spark.sql.ansi.enabled`: false is the default of Spark 3.5, true that of 4.1."""
    found: str = request.param
    return found


@pytest.fixture(scope="package")
def spark(s3: Any, ansi: str) -> Iterator[SparkContext]:
    """The Spark that the tests were asked to run on, and no other."""
    del s3  # first, as its address is in the environment of Spark's processes
    os.environ["PYSPARK_PYTHON"] = sys.executable
    conf = SparkConf().setMaster("local[2]").setAppName("tests")
    conf.setAll(
        [
            ("spark.ui.enabled", "false"),
            ("spark.sql.ansi.enabled", ansi),
            ("spark.driver.bindAddress", "127.0.0.1"),
            ("spark.driver.host", "127.0.0.1"),
            ("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1"),
        ]
    )
    with SparkContext(conf=conf) as context:
        context.setLogLevel("ERROR")
        # Of the JVM that runs, which another SPARK_HOME would choose.
        sparks.check(context.version, sparks.asked())
        yield context
