"""A real S3 server for a run: versitygw where it is installed, moto where it is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3

from tests.labs.cluster import stores
from tests.labs.cluster.proxy import ACCESS_KEY, SECRET_KEY
from tests.labs.cluster.versitygw import find_versitygw


def environment(endpoint: str) -> dict[str, str]:
    """What a client of the store needs."""
    return {
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": endpoint,
    }


@contextmanager
def open_store(folder: Path, bucket: str) -> Iterator[str]:
    """The endpoint of a server with an empty bucket, for the length of a block."""
    binary = find_versitygw()
    folder.mkdir(parents=True)
    with stores.versitygw(binary, folder) if binary else stores.moto() as (host, port):
        endpoint = f"http://{host}:{port}"
        client = boto3.client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name="us-east-1",
        )
        client.create_bucket(Bucket=bucket)
        client.close()
        yield endpoint
