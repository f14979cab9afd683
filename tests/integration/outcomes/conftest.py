"""A server that answers as no service does, and moto's S3 behind it."""

from collections.abc import Iterator

import pytest

from tests.labs.cluster.lab import CREDENTIALS
from tests.labs.cluster.stores import moto
from tests.odd_answers import Plan, odd_proxy


@pytest.fixture(scope="package")
def s3_server() -> Iterator[tuple[str, int]]:
    with moto() as address:
        yield address


@pytest.fixture
def plan(s3_server: tuple[str, int], monkeypatch: pytest.MonkeyPatch) -> Iterator[Plan]:
    """What the endpoint of all clients answers; sound answers are moto's."""
    plan = Plan()
    with odd_proxy(s3_server, plan) as url:
        for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": url}.items():
            monkeypatch.setenv(name, value)
        yield plan
