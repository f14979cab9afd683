"""aiobotocore clients from the standard environment, with the settings that all of us need."""

from contextlib import AbstractAsyncContextManager
from typing import Any

from aiobotocore.config import AioConfig
from aiobotocore.session import get_session


def open_client(
    service: str, *, connect_timeout_s: float = 3.0, read_timeout_s: float = 30.0
) -> AbstractAsyncContextManager[Any]:
    """A client of an AWS service; endpoint, region and keys come from the environment.

    Retries are the caller's: a hidden second PUT would make a 412 of our own doing.
    """
    config = AioConfig(
        connect_timeout=connect_timeout_s,
        read_timeout=read_timeout_s,
        retries={"total_max_attempts": 1, "mode": "standard"},
        s3={"addressing_style": "path", "payload_signing_enabled": False},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        max_pool_connections=32,
    )
    client: AbstractAsyncContextManager[Any] = get_session().create_client(
        service, config=config
    )
    return client
