"""Every field of every done operation, sent by boto3 to the cloud itself: taken or refused by name."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.field_samples import SERVICES, Sample, samples

from .conftest import Cloud, end, start

# boto3 computes these only with a package of its own; pyarrow sends CRC64NVME in
# `tests/integration/cloud_clients`.
WITHOUT_CRT = ("CRC32C", "CRC64NVME", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128")


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud of its own: what these requests make stays in it."""
    cloud = start(tmp_path_factory.mktemp("wire"))
    yield cloud
    assert end(cloud) == 0


def _client(service: str, cloud: Cloud) -> Any:
    """A client that sends what it is given, whatever it thinks of it."""
    return boto3.client(
        service,
        endpoint_url=cloud.endpoint,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(
            parameter_validation=False,
            retries={"total_max_attempts": 1},
            s3={"addressing_style": "path"},
            read_timeout=30,
        ),
    )


def _call(client: Any, sample: Sample) -> tuple[str, str]:
    """(code, message) of the error, empty where the call succeeded."""
    names = {api: method for method, api in client.meta.method_to_api_mapping.items()}
    try:
        getattr(client, names[sample.operation])(**sample.request)
    except ClientError as error:
        said = error.response["Error"]
        return said.get("Code", ""), said.get("Message", "")
    return "", ""


def _is_refusal(service: str, code: str, message: str) -> bool:
    # HEAD has no body: only the status tells.
    return "is not there in this local cloud" in message or (service == "s3" and code == "501")


@pytest.mark.parametrize("service", SERVICES)
def test_each_field_is_taken_or_refused_by_name(cloud: Cloud, service: str) -> None:
    client, wrong, refused = _client(service, cloud), [], 0
    for sample in samples(SERVICES[service]):
        if sample.request.get("ChecksumAlgorithm") in WITHOUT_CRT:
            continue
        code, message = _call(client, sample)
        refusal = _is_refusal(service, code, message)
        named = sample.member in message or (code == "501" and "Head" in sample.operation)
        if sample.judgement == "refused":
            refused += 1
            if not (refusal and named):
                wrong.append(f"{sample}: {code} {message}")
        elif refusal or code.startswith("5") or code in ("InternalError", "InternalFailure"):
            wrong.append(f"{sample}: {code} {message}")

    assert wrong == []
    assert refused > 0
