"""A database for many small queries: to open one takes longer than all that a case does with it."""

from collections.abc import Iterator
from typing import Any

import pytest

from local_cloud.athena.engines.duck_sql.database import locked_connection


@pytest.fixture(scope="module")
def connection() -> Iterator[Any]:
    opened = locked_connection()
    yield opened
    opened.close()
