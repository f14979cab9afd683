"""The pure parts of the local Athena: pruning, projection, printing."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local_cloud.athena.engines import planning
from local_cloud.athena.sql import parsing
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext, Names, Session
from local_cloud.athena.sql.analysis.expressions import condition
from local_cloud.athena.sql.analysis.scope import RelationField, Scope
from local_cloud.athena.sql.ir import Expr
from local_cloud.athena.sql.pruning import Pruner, candidates
from local_cloud.athena.sql.values.numbers import java_double
from local_cloud.athena.storage import projection
from local_cloud.athena.storage.catalog import CatalogTable, table_of
from local_cloud.athena.storage.results import csv_row, parsed_rows, shown
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
