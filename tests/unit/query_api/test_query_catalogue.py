"""The list of tables against the guard, the contract, and the tables that are provisioned."""

import re
from typing import Any

import pytest

from coinlake.contracts.datasets import TABLES
from coinlake.contracts.meanings import described
from coinlake.contracts.quality import VIEW_COLUMNS
from coinlake.views.definition import trino_type
from coinlake_tools import resources
from query_api.core.allowed import TABLE_NAMES
from query_api.core.catalogue import CATALOGUE

LAKE = resources.Lake("a-lake", "coinlake", "a-role")


def in_trino(hive: str) -> str:
    """Trino's spelling of a nested Hive type: `array<struct<a:string>>` is `array(row(a varchar))`."""
    spelled = hive.replace("array<", "array(").replace("struct<", "row(").replace(">", ")")
    spelled = re.sub(r"(\w+):", r"\1 ", spelled).replace(",", ", ")
    return re.sub(r"\bstring\b", "varchar", spelled)


def provisioned(table: dict[str, Any]) -> dict[str, str]:
    """The columns of a TableInput with Athena's types."""
    columns = [*table["StorageDescriptor"]["Columns"], *table.get("PartitionKeys", [])]
    return {one["Name"]: in_trino(one["Type"]) for one in columns}


def listed(name: str) -> dict[str, str]:
    return {one.name: one.type for one in CATALOGUE[name].columns}


def test_all_that_the_guard_allows_is_listed_and_nothing_else() -> None:
    assert set(CATALOGUE) == TABLE_NAMES


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_listed_as_the_contract_has_it(name: str) -> None:
    told = CATALOGUE[name]

    assert {one.name: one.meaning for one in told.columns} == described(TABLES[name])
    assert told.partitions == ("dt", "hour")
    assert all(one.type == trino_type(one.type) for one in told.columns)


@pytest.mark.parametrize(
    ("name", "table"),
    [
        ("ledger", resources.ledger_table(LAKE)),
        ("ledger_head", resources.ledger_table(LAKE)),
        ("quality_glue", resources.glue_quality_table(LAKE)),
    ],
)
def test_the_ledgers_tables_are_listed_as_they_are_provisioned(
    name: str, table: dict[str, Any]
) -> None:
    assert listed(name) == provisioned(table)
    assert CATALOGUE["ledger"].partitions == tuple(
        one["Name"] for one in resources.ledger_table(LAKE)["PartitionKeys"]
    )


def test_the_views_over_the_ledger_have_the_columns_that_their_statements_give() -> None:
    names = re.findall(r"(\w+)(?:,| FROM)", resources.unknown_fields_view().split("SELECT")[1])

    assert listed("quality") == {one.name: trino_type(one.type) for one in VIEW_COLUMNS}
    assert set(listed("unknown_fields")) <= set(names)


def test_a_live_view_says_that_a_condition_on_its_day_keeps_it_cheap() -> None:
    assert CATALOGUE["quotes_live"].kind == "view"
    assert CATALOGUE["quotes_live"].partitions == ("dt", "hour")
    assert CATALOGUE["candles_1h"].partitions == ()
