"""A real broker, a real S3 server, a proxy that fails on demand, and sinks as processes."""

from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from local_stack.broker import Broker, start_broker
from tests.labs.cluster.lab import CREDENTIALS, Lab
from tests.labs.cluster.stores import moto


@pytest.fixture(scope="package")
def sink_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with start_broker(tmp_path_factory.mktemp("sink-broker")) as broker:
        yield broker


@pytest.fixture(scope="package")
def sink_s3() -> Iterator[tuple[str, int]]:
    with pytest.MonkeyPatch.context() as patch, moto() as address:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield address


@pytest.fixture
def lab(sink_broker: Broker, sink_s3: tuple[str, int], tmp_path: Path) -> Iterator[Lab]:
    with ExitStack() as open_, suppress(ProcessLookupError):
        yield Lab(sink_broker.bootstrap, sink_s3, tmp_path, open_)
