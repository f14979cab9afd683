"""Hive columns from Arrow, and tables from folders."""

import pyarrow as pa
import pytest

from local_cloud.crawler import layout, schema
from local_cloud.crawler.layout import Item
from local_cloud.crawler.schema import SchemaColumn


def test_arrow_types_have_their_hive_names() -> None:
    tokens = pa.map_(pa.string(), pa.list_(pa.struct([("N", pa.int32()), ("ok", pa.bool_())])))
    found = schema.columns(
        pa.schema(
            [
                ("Price", pa.decimal128(38, 18)),
                ("at", pa.timestamp("ms", "UTC")),
                ("rank", pa.int32()),
                ("day", pa.date32()),
                ("tokens", tokens),
            ]
        )
    )

    assert [(column.name, column.type) for column in found] == [
        ("price", "decimal(38,18)"),
        ("at", "timestamp"),
        ("rank", "int"),
        ("day", "date"),
        ("tokens", "map<string,array<struct<n:int,ok:boolean>>>"),
    ]


def test_files_of_a_table_are_widened_and_their_columns_joined() -> None:
    one = (SchemaColumn("a", "int"), SchemaColumn("b", "double"))
    other = (SchemaColumn("a", "bigint"), SchemaColumn("c", "string"))

    assert schema.merged([one, other]) == (
        SchemaColumn("a", "bigint"),
        SchemaColumn("b", "double"),
        SchemaColumn("c", "string"),
    )


def test_types_that_no_type_holds_are_a_conflict() -> None:
    with pytest.raises(schema.SchemaConflictError, match="column a"):
        schema.merged([(SchemaColumn("a", "string"),), (SchemaColumn("a", "int"),)])


def test_key_value_folders_are_partitions_and_hidden_objects_are_none() -> None:
    where = layout.target("s3://b/curated/quotes")
    keys = ["DT=2026-01-01/hour=05/p.parquet", "DT=2026-01-01/hour=06/a%20b/_x"]
    items = [Item(f"curated/quotes/{key}", 9) for key in keys]
    empty = Item("curated/quotes/DT=2026-01-01/hour=07/p.parquet", 0)

    found = layout.layout(where, [*items, empty, Item("curated/quotes/_SUCCESS", 1)])

    assert found.keys == ("dt", "hour")
    assert [folder.values for folder in found.folders] == [("2026-01-01", "05")]


def test_values_of_folders_are_unescaped() -> None:
    found = layout.layout(layout.target("s3://b/t/"), [Item("t/at=05%3A00/p", 1)])

    assert found.folders[0].values == ("05:00",)
    assert found.folders[0].path == "at=05%3A00"


def test_folders_with_different_keys_make_no_table() -> None:
    with pytest.raises(layout.LayoutError, match="different keys"):
        layout.layout(layout.target("s3://b/t/"), [Item("t/dt=1/p", 1), Item("t/p", 1)])


def test_exclusions_are_globs() -> None:
    where = layout.target("s3://b/t/", ["dt=1/**", "*/*.json"])
    items = [Item("t/dt=1/x.parquet", 1), Item("t/dt=2/x.json", 1), Item("t/dt=2/x.parquet", 1)]

    found = layout.layout(where, items)

    assert [item.key for folder in found.folders for item in folder.items] == [
        "t/dt=2/x.parquet"
    ]


def test_a_table_is_named_after_its_folder() -> None:
    assert layout.table_name(layout.target("s3://b/curated/My-Quotes/"), "p_") == "p_my_quotes"
