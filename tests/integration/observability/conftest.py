"""The embedded stack and who watches it, once for the tests of a module."""

from collections.abc import Iterator

import pytest

from tests.integration.observability.watching import Watched, watched_stack


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with watched_stack(tmp_path_factory.mktemp("watched")) as opened:
        yield opened
