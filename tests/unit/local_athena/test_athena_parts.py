"""The pure parts of the local Athena: pruning, projection, printing, JSON values."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_cloud.athena.engines import planning
from local_cloud.athena.engines.duck import compiled
from local_cloud.athena.sql import hive_types, parsing
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext, Names, Session
from local_cloud.athena.sql.analysis.expressions import condition
from local_cloud.athena.sql.analysis.scope import RelationField, Scope
from local_cloud.athena.sql.failures import CutoffError, QueryError
from local_cloud.athena.sql.ir import Expr
from local_cloud.athena.sql.pruning import Pruner, candidates
from local_cloud.athena.sql.types import OutputColumn
from local_cloud.athena.sql.values.numbers import java_double
from local_cloud.athena.storage import json_files, projection
from local_cloud.athena.storage.catalog import CatalogTable, Storage, table_of
from local_cloud.athena.storage.lake import Meter, hidden, split_url
from local_cloud.athena.storage.parquet_files import compatible
from local_cloud.athena.storage.results import csv_row, parsed_rows, shown
from local_cloud.athena.storage.views import stored, table_input, view_text
from trino_sql import tree

assert planning.REGISTERED
SESSION = Session("default", 0)


def _where(sql: str) -> tuple[Expr, dict[str, str]]:
    """A condition on keys dt, hour and n and a column price; the keys by their columns' names."""

    def no_query(query: tree.Query, scope: Scope | None) -> Any:
        raise AssertionError(f"{query} in {scope}")

    names = Names()
    kinds = {"dt": t.VARCHAR, "hour": t.VARCHAR, "n": t.INTEGER, "price": t.DOUBLE}
    columns = {name: names.column(kind) for name, kind in kinds.items()}
    scope = Scope(tuple(RelationField(name, column) for name, column in columns.items()))
    context = AnalysisContext(sql, SESSION, names, no_query, lambda expr: expr, ())
    keys = {column.name: name for name, column in columns.items() if name != "price"}
    return condition(context, scope, parsing.expression(sql), "WHERE clause"), keys


def _keeps(where: str, **values: Any) -> bool:
    return Pruner(*_where(where)).keeps({"dt": "2026-11-22", "hour": "05", "n": 5, **values})


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ("hour = '05'", True),
        ("hour = '06'", False),
        ("hour = '06' OR price > 1", True),
        ("hour = '06' AND price > 1", False),
        ("NOT (hour = '05')", False),
        ("NOT (price > 1)", True),
        ("hour IN ('04', '05')", True),
        ("hour NOT IN ('04', '05')", False),
        ("hour BETWEEN '06' AND '07'", False),
        ("dt || '-' || hour > '2026-11-22-05'", False),
        ("concat(dt, hour) = '2026-11-2205'", True),
        ("(dt, hour) > ('2026-11-22', '04')", True),
        ("CAST(dt AS date) > DATE '2026-11-22'", False),
        ("n < 5", False),
        ("n = 5 AND '05' = hour", True),
        ("substr(hour, 1, 1) = '9'", True),
        ("n = price", True),
    ],
)
def test_a_partition_is_left_out_only_if_no_row_can_pass(where: str, kept: bool) -> None:
    assert _keeps(where) is kept


def test_a_null_key_passes_no_comparison() -> None:
    assert not _keeps("hour = '05'", hour=None)
    assert _keeps("hour = '05' OR price = 1", hour=None)
    assert _keeps("hour IS NULL", hour=None)


def test_demanded_values_are_found_at_the_top_level_only() -> None:
    def found(where: str) -> list[str] | None:
        return candidates(*_where(where), "hour")

    assert found("dt = 'x' AND (hour = '01')") == ["01"]
    assert found("hour IN ('01', '02') AND price > 1") == ["01", "02"]
    assert found("hour = '01' OR dt = 'x'") is None
    assert found("hour > '01'") is None


def _table(keys: list[tuple[str, str]], **parameters: str) -> CatalogTable:
    raw = {
        "Name": "t",
        "StorageDescriptor": {"Columns": [], "Location": "s3://b/t"},
        "PartitionKeys": [{"Name": name, "Type": of} for name, of in keys],
        "Parameters": {"projection.enabled": "true", **parameters},
    }
    return table_of("d", raw)


def _projected(table: CatalogTable, **wanted: list[str] | None) -> list[str]:
    now = datetime(2026, 3, 1, 5, 30, tzinfo=UTC)
    return [one.location for one in projection.partitions(table, wanted, now)]


def test_projection_counts_dates_and_numbers() -> None:
    table = _table(
        [("dt", "string"), ("hour", "string")],
        **{
            "projection.dt.type": "date",
            "projection.dt.range": "NOW-1DAYS,NOW",
            "projection.dt.format": "yyyy-MM-dd",
            "projection.hour.type": "integer",
            "projection.hour.range": "8,10",
            "projection.hour.digits": "2",
        },
    )

    assert _projected(table) == [
        f"s3://b/t/dt={dt}/hour={hour}/"
        for dt in ("2026-02-28", "2026-03-01")
        for hour in ("08", "09", "10")
    ]
    assert _projected(table, dt=["2026-03-01"], hour=["09", "77"]) == [
        "s3://b/t/dt=2026-03-01/hour=09/"
    ]


def test_projection_of_enums_months_and_templates() -> None:
    table = _table(
        [("kind", "string"), ("month", "string")],
        **{
            "projection.kind.type": "enum",
            "projection.kind.values": "a, b",
            "projection.month.type": "date",
            "projection.month.format": "yyyy/MM",
            "projection.month.range": "2025/12,2026/01",
            "storage.location.template": "s3://b/${kind}/${month}/x/",
        },
    )

    assert _projected(table, kind=["b"]) == ["s3://b/b/2025/12/x/", "s3://b/b/2026/01/x/"]


@given(
    st.lists(
        st.lists(
            st.none() | st.text(st.characters(codec="utf-8"), max_size=8),
            min_size=2,
            max_size=2,
        ),
        max_size=5,
    )
)
def test_every_row_comes_back_from_its_csv_line(rows: list[list[str | None]]) -> None:
    text = b"".join(csv_row(row) for row in rows).decode()

    assert [cells for cells, _ in parsed_rows(text, 2)] == rows


@pytest.mark.parametrize(
    ("value", "of", "expected"),
    [
        (Decimal("1E-18"), t.decimal(38, 18), "0.000000000000000001"),
        (0.1, t.REAL, "0.1"),
        (1_795_341_600_000_000, t.TIMESTAMP, "2026-11-22 10:00:00.000"),
        (20_779, t.DATE, "2026-11-22"),
        (b"\x00\xff", t.VARBINARY, "00 ff"),
        ([1, None], t.array(t.INTEGER), "[1, null]"),
        ([("k", 1)], t.Type("map", (t.VARCHAR, t.INTEGER)), "{k=1}"),
        ((1, None), t.Type("row", (t.INTEGER, t.DATE), ("a", "b")), "{a=1, b=null}"),
    ],
)
def test_values_are_printed_as_athena_prints_them(
    value: Any, of: t.Type, expected: str
) -> None:
    assert shown(value, of) == expected


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_double_reads_back_as_itself(value: float) -> None:
    assert float(java_double(value)) == value


@pytest.mark.parametrize(
    ("have", "declared", "fits"),
    [
        (pa.int32(), t.BIGINT, True),
        (pa.int64(), t.INTEGER, False),
        (pa.string(), t.decimal(38, 18), False),
        (pa.decimal128(38, 18), t.VARCHAR, False),
        (pa.decimal128(10, 2), t.decimal(38, 18), True),
        (pa.decimal128(38, 18), t.decimal(38, 10), False),
        (pa.float64(), t.REAL, False),
        (pa.timestamp("us", "UTC"), t.TIMESTAMP, True),
        (pa.list_(pa.int64()), t.array(t.INTEGER), False),
        (pa.struct([("A", pa.int32())]), t.Type("row", (t.BIGINT, t.DATE), ("a", "b")), True),
    ],
)
def test_a_file_type_fits_a_declared_type_only_if_no_value_changes(
    have: Any, declared: t.Type, fits: bool
) -> None:
    assert compatible(have, declared) is fits


def _reader(serde: str = json_files.OPENX, **parameters: str) -> json_files.LineReader:
    return json_files.LineReader(Storage("s3://b/", serde, "", parameters))


def test_json_values_are_made_the_declared_type_or_null() -> None:
    kinds = {
        "a": t.decimal(38, 18), "b": t.VARCHAR, "c": t.BIGINT, "d": t.BOOLEAN, "e": t.TIMESTAMP,
    }  # fmt: skip
    line = b'{"A": 0.1, "b": 1.10, "c": "x", "d": "true", "e": "2026-01-01T00:00:00.5Z"}'
    reader = _reader()

    arrays = reader.arrays([reader.row(line, "u"), {}], list(kinds.items()), "u")

    assert {name: array.to_pylist() for name, array in arrays.items()} == {
        "a": [Decimal("0.100000000000000000"), None],
        "b": ["1.10", None],
        "c": [None, None],
        "d": [True, None],
        "e": [datetime.fromisoformat("2026-01-01 00:00:00.500"), None],
    }


def test_a_key_can_be_mapped_and_other_serdes_are_strict() -> None:
    mapped = _reader(**{"mapping.ts": "timestamp"})
    strict = _reader(json_files.HCATALOG)

    row = mapped.row(b'{"timestamp": 7}', "u")

    assert mapped.arrays([row], [("ts", t.BIGINT)], "u")["ts"].to_pylist() == [7]
    with pytest.raises(QueryError, match="Error parsing column c"):
        strict.arrays([{"c": "x"}], [("c", t.BIGINT)], "u")


@pytest.mark.parametrize("line", [b"{", b"[1]", b"1", b"\xff\xfe", b"[" * 100_000])
def test_malformed_lines_are_nulls_or_errors_as_the_table_says(line: bytes) -> None:
    assert _reader(**{"ignore.malformed.json": "true"}).row(line, "u") == {}
    with pytest.raises(QueryError, match="not a valid JSON Object"):
        _reader().row(line, "u")


def test_hive_types_are_read_with_their_nesting() -> None:
    found = hive_types.hive_type(
        "array<struct<id:string,p:decimal(38,18),m:map<string,array<int>>>>"
    )

    assert str(found) == (
        "array(row(id varchar, p decimal(38,18), m map(varchar, array(integer))))"
    )
    assert hive_types.hive_name(found) == (
        "array<struct<id:string,p:decimal(38,18),m:map<string,array<int>>>>"
    )
    with pytest.raises(QueryError, match="unsupported column type"):
        hive_types.hive_type("uniontype<int>")


def test_hidden_names_hide_what_lies_below_them() -> None:
    assert hidden("_SUCCESS")
    assert hidden("a/.b/c.parquet")
    assert not hidden("dt=1/part_0.parquet")


def test_a_location_keeps_marks_that_urls_would_cut() -> None:
    assert split_url("s3://b/a#b?c=d/") == ("b", "a#b?c=d/")
    with pytest.raises(QueryError):
        split_url("file:///etc")


def test_the_meter_stops_at_its_limit() -> None:
    meter = Meter(limit=10)
    meter.count(10)

    with pytest.raises(CutoffError, match="Bytes scanned limit was exceeded"):
        meter.count(1)


def test_a_view_is_stored_in_prestos_form() -> None:
    columns = (OutputColumn("a", t.decimal(3, 1)),)

    entry = table_input("v", "SELECT 1 AS a", "d", columns)
    found = stored(table_of("d", entry))

    assert entry["ViewOriginalText"] == view_text("SELECT 1 AS a", "d", columns)
    assert entry["ViewOriginalText"].startswith("/* Presto View: ")
    assert (found.sql, found.database, found.columns) == ("SELECT 1 AS a", "d", columns)


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SELECT " + "(" * 300 + "1" + ")" * 300, "NOT_SUPPORTED"),
        ("SELECT 1; SELECT 2", "SYNTAX_ERROR"),
    ],
)
def test_bombs_and_second_statements_are_refused(sql: str, name: str) -> None:
    with pytest.raises(QueryError) as caught:
        parsing.query(sql)

    assert caught.value.name == name


def test_a_question_mark_in_text_or_comment_is_no_parameter() -> None:
    _, count = parsing.query_with_parameters("SELECT '?', ? /* ? */ -- ?")

    assert count == 1


def _compiled(sql: str) -> str:
    # No table is named, so that none is ever asked for.
    made, _ = compiled(f"SELECT {sql}", (), SESSION, None)
    return made.sql


def test_names_of_the_statement_never_become_text_of_the_engine() -> None:
    made = _compiled(
        '"x: 1), (select 2)) --" FROM (VALUES 1) AS "; drop" ("x: 1), (select 2)) --")'
    )

    assert "select 2" not in made
    assert "drop" not in made


@pytest.mark.parametrize(
    "sql",
    [
        "cast(row(1) as row(\"a'||getenv('HOME')||'\" integer))",
        'cast(row(1) as row("a"" INTEGER), x(" integer))',
        'cast(row(1) as row("it\'s" integer))',
    ],
)
def test_a_field_name_with_quotes_never_becomes_text_of_the_engine(sql: str) -> None:
    made = _compiled(sql)

    assert "getenv" not in made
    assert "it's" not in made
    assert "x(" not in made
