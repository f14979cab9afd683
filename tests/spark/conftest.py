"""One real Spark and one S3 server for the whole folder."""

import os
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from pyspark import SparkConf, SparkContext

from coinlake_job import lake
from tests.labs.cluster import stores

BUCKET = "lake"


@pytest.fixture(scope="package")
def s3() -> Iterator[Any]:
    """A client of an S3 server that the processes of Spark know, with an empty bucket."""
    with pytest.MonkeyPatch.context() as patch, stores.moto() as (host, port):
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        client = lake.client()
        client.create_bucket(Bucket=BUCKET)
        yield client


@pytest.fixture(scope="package")
def spark(s3: Any) -> Iterator[SparkContext]:
    del s3  # first, as its address is in the environment of Spark's processes
    os.environ["PYSPARK_PYTHON"] = sys.executable
    conf = SparkConf().setMaster("local[2]").setAppName("tests")
    conf.setAll(
        [
            ("spark.ui.enabled", "false"),
            ("spark.driver.bindAddress", "127.0.0.1"),
            ("spark.driver.host", "127.0.0.1"),
            ("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1"),
        ]
    )
    with SparkContext(conf=conf) as context:
        context.setLogLevel("ERROR")
        yield context
