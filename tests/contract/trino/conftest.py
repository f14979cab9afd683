"""A real Trino for comparisons: Athena engine v3 is Trino."""

from collections.abc import Iterator

import pytest

from tests.trino_lab.client import Trino
from tests.trino_lab.maven import server_home
from tests.trino_lab.server import running_trino


@pytest.fixture(scope="package")
def trino(jdk24: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trino]:
    """A single-node Trino without catalogs, on loopback."""
    # None of Trino's bundled plugins is needed for a query without tables.
    with running_trino(
        jdk24, server_home(), tmp_path_factory.mktemp("trino") / "data"
    ) as server:
        yield server
