"""What the S3 stories ask of the cloud again and again."""

import base64
import zlib
from typing import Any

import pytest
from botocore.exceptions import ClientError

from .conftest import Cloud

BUCKET = "coinlake"


def put(cloud: Cloud, key: str, body: bytes = b"abc", **more: Any) -> Any:
    return cloud.s3.put_object(Bucket=BUCKET, Key=key, Body=body, **more)


def get(cloud: Cloud, key: str, **more: Any) -> Any:
    return cloud.s3.get_object(Bucket=BUCKET, Key=key, **more)


def refused(call: Any, **request: Any) -> str:
    """The code of the error that a call must end with."""
    with pytest.raises(ClientError) as caught:
        call(**request)
    return str(caught.value.response["Error"]["Code"])


def crc32(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
