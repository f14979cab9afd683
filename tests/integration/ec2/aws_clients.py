"""Clients of the local AWS of a test, with keys that it does not look at."""

from typing import Any

import boto3


def aws_client(service: str, endpoint: str) -> Any:
    """A client of one service at this endpoint."""
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="k",
        aws_secret_access_key="s",
    )
