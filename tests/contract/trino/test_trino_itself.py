"""The reference engine answers as Athena engine v3 is documented to."""

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.contract.trino.conftest import Trino

pytestmark = pytest.mark.needs("jdk24")


def test_it_divides_integers_as_athena_does(trino: "Trino") -> None:
    answer = trino.query("select 7/2, 1.0/3, typeof(1.5)")

    assert answer.types == ("integer", "decimal(2, 1)", "varchar")
    assert answer.rows == ((3, "0.3", "decimal(2,1)"),)
