"""The cloud's own clients: how its engines reach the bucket and the catalog."""

from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config

# One idle connection per worker thread that the engines may run, and a few spare.
POOL = 32


@dataclass(frozen=True)
class Clients:
    """boto3 clients of one cloud; both may be used from many threads at once.

    The plain values are there for engines that speak S3 themselves (Spark, DuckDB).
    """

    s3: Any
    glue: Any
    endpoint: str
    s3_endpoint: str
    region: str
    access_key: str
    secret_key: str


def clients_for(
    endpoint: str, s3_endpoint: str, region: str, access_key: str, secret_key: str
) -> Clients:
    """Clients for the cloud at `endpoint`, whose objects live at `s3_endpoint`."""
    session = boto3.session.Session(
        aws_access_key_id=access_key, aws_secret_access_key=secret_key, region_name=region
    )
    config = Config(
        s3={"addressing_style": "path"},
        max_pool_connections=POOL,
        retries={"mode": "standard", "max_attempts": 3},
        connect_timeout=5,
        # Checksums of our own traffic on the loopback only cost time.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return Clients(
        s3=session.client("s3", endpoint_url=s3_endpoint, config=config),
        glue=session.client("glue", endpoint_url=endpoint, config=config),
        endpoint=endpoint,
        s3_endpoint=s3_endpoint,
        region=region,
        access_key=access_key,
        secret_key=secret_key,
    )
