"""The functions that the guard judges are those that a real Trino lists."""

import pytest

from tests.conformance import functions
from tests.trino_lab.client import Trino

pytestmark = [pytest.mark.full_size, pytest.mark.needs("jdk24"), pytest.mark.timeout(900)]


def test_the_recorded_functions_are_what_trino_lists(trino: Trino) -> None:
    assert functions.asked(trino) == functions.recorded()
