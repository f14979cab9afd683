"""One table of values in each form of an answer, read back by those who read that form."""

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from query_api.core.answers import ResultColumn, Rows, text_rows
from query_api.core.columnar import UnreadableValueError, typed_column
from query_api.core.columnar_encoders import ArrowEncoder, ParquetEncoder
from query_api.core.encoders import (
    CsvEncoder,
    JsonEncoder,
    JsonShape,
    NdjsonEncoder,
    unique_names,
)
from query_api.core.ports import Encoder

META = {"rows": 1, "truncated": False, "watermark": None}


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


ODD = 'a "b", c\\d\r\n\x01\u2028€😀'
# Athena's type, its text (None: null), the same in JSON and CSV, and in Arrow and Parquet.
VALUES: list[tuple[str, str | None, Any, str, Any]] = [
    ("tinyint", "-128", -128, "-128", -128),
    ("smallint", "32767", 32767, "32767", 32767),
    ("integer", "2147483647", 2147483647, "2147483647", 2147483647),
    ("bigint", "9007199254740993", 9007199254740993, "9007199254740993", 9007199254740993),
    ("bigint", None, None, "", None),
    ("boolean", "true", True, "true", True),
    ("boolean", "false", False, "false", False),
    ("boolean", None, None, "", None),
    (
        "decimal(38,18)",
        "13436.424411240122935900",
        "13436.424411240122935900",
        "13436.424411240122935900",
        Decimal("13436.424411240122935900"),
    ),
    (
        "decimal(38,0)",
        "-" + "9" * 38,
        "-" + "9" * 38,
        "-" + "9" * 38,
        Decimal("-" + "9" * 38),
    ),
    ("decimal(5,2)", None, None, "", None),
    ("double", "1.0E10", 1e10, "1.0E10", 1e10),
    ("double", "0.1", 0.1, "0.1", 0.1),
    ("double", "4.9E-324", 5e-324, "4.9E-324", 5e-324),
    ("double", "-0.0", -0.0, "-0.0", -0.0),
    ("double", "Infinity", "Infinity", "Infinity", float("inf")),
    ("double", "-Infinity", "-Infinity", "-Infinity", float("-inf")),
    ("double", None, None, "", None),
    ("float", "1.5", 1.5, "1.5", 1.5),
    ("varchar", None, None, "", None),
    ("varchar", "", "", '""', ""),
    ("varchar", "null", "null", '"null"', "null"),
    ("varchar", "NaN", "NaN", '"NaN"', "NaN"),
    ("varchar", ODD, ODD, '"' + ODD.replace('"', '""') + '"', ODD),
    ("varchar", "=1+1", "=1+1", '"=1+1"', "=1+1"),
    ("char(5)", "ab   ", "ab   ", '"ab   "', "ab   "),
    ("varbinary", "de ad be ef", "de ad be ef", '"de ad be ef"', bytes.fromhex("deadbeef")),
    ("varbinary", "", "", '""', b""),
    ("varbinary", None, None, "", None),
    ("date", "2026-11-22", "2026-11-22", '"2026-11-22"', date(2026, 11, 22)),
    ("date", "0001-01-01", "0001-01-01", '"0001-01-01"', date(1, 1, 1)),
    ("date", "1-01-01", "0001-01-01", '"0001-01-01"', date(1, 1, 1)),
    ("date", None, None, "", None),
    (
        "timestamp",
        "2026-11-22 10:07:00.001",
        "2026-11-22T10:07:00.001Z",
        '"2026-11-22T10:07:00.001Z"',
        at(2026, 11, 22, 10, 7, 0, 1000),
    ),
    (
        "timestamp(6)",
        "999-12-31 23:59:59.999999",
        "0999-12-31T23:59:59.999999Z",
        '"0999-12-31T23:59:59.999999Z"',
        at(999, 12, 31, 23, 59, 59, 999999),
    ),
    (
        "timestamp",
        "1-01-01 00:00:00.000",
        "0001-01-01T00:00:00.000Z",
        '"0001-01-01T00:00:00.000Z"',
        at(1, 1, 1),
    ),
    ("timestamp", None, None, "", None),
    (
        "timestamp with time zone",
        "2026-11-22 10:07:00.000 UTC",
        "2026-11-22T10:07:00.000Z",
        '"2026-11-22T10:07:00.000Z"',
        "2026-11-22T10:07:00.000Z",
    ),
    (
        "timestamp with time zone",
        "2026-11-22 10:07:00.000 Asia/Tokyo",
        "2026-11-22 10:07:00.000 Asia/Tokyo",
        '"2026-11-22 10:07:00.000 Asia/Tokyo"',
        "2026-11-22 10:07:00.000 Asia/Tokyo",
    ),
    ("time", "10:07:00.000", "10:07:00.000", '"10:07:00.000"', "10:07:00.000"),
    ("map", None, None, "", None),
    ("map", "{}", "{}", '"{}"', "{}"),
    ("map", "{k=v}", "{k=v}", '"{k=v}"', "{k=v}"),
    ("array", "[1, null]", "[1, null]", '"[1, null]"', "[1, null]"),
    ("row", '{a="x"}', '{a="x"}', '"{a=""x""}"', '{a="x"}'),
    ("json", '{"a":1}', '{"a":1}', '"{""a"":1}"', '{"a":1}'),
    (
        "interval day to second",
        "2 00:00:00.000",
        "2 00:00:00.000",
        '"2 00:00:00.000"',
        "2 00:00:00.000",
    ),
]
COLUMNS = [ResultColumn(f"c{number}", value[0]) for number, value in enumerate(VALUES)]


def table() -> Rows:
    return text_rows(COLUMNS, [[value[1] for value in VALUES]])


def body(encoder: Encoder, rows: Rows) -> bytes:
    blocks = [bytes(encoder.block(rows.cells.slice(n, 1))) for n in range(len(rows))]
    return encoder.head(META) + b"".join(blocks) + bytes(encoder.tail(META))


def of_kind(position: int) -> list[Any]:
    return [value[position] for value in VALUES]


def test_json_says_each_value() -> None:
    shape = JsonShape({"id": "x"}, "rows", as_objects=False)

    found = json.loads(body(JsonEncoder(COLUMNS, shape), table()))

    assert found == {"id": "x", "rows": [of_kind(2)], "meta": META}


def test_ndjson_says_each_value_and_ends_with_what_is_said_of_the_answer() -> None:
    whole = body(NdjsonEncoder(COLUMNS), table())

    assert [json.loads(line) for line in whole.split(b"\n")[:-1]] == [
        dict(zip([c.name for c in COLUMNS], of_kind(2), strict=True)),
        {"@end": META},
    ]


def test_csv_keeps_null_apart_from_an_empty_text() -> None:
    whole = body(CsvEncoder(COLUMNS), table()).decode()

    names, _, rest = whole.partition("\r\n")
    assert names == ",".join(f'"c{number}"' for number in range(len(COLUMNS)))
    assert rest == ",".join(of_kind(3)) + "\r\n"


def test_csv_is_read_by_the_standard_library_and_by_duckdb(tmp_path: Path) -> None:
    whole = body(CsvEncoder(COLUMNS), table())
    file = tmp_path / "rows.csv"
    file.write_bytes(whole)

    by_library = list(csv.reader(io.StringIO(whole.decode(), newline="")))[1]
    by_duckdb = duckdb.sql(
        f"FROM read_csv('{file}', all_varchar = true, header = true, delim = ',', quote = '\"',"
        " escape = '\"', allow_quoted_nulls = false, strict_mode = false)"
    ).fetchall()

    texts = [_unquoted(text) for text in of_kind(3)]
    assert by_library == [text or "" for text in texts]
    assert list(by_duckdb[0]) == texts


def _unquoted(field: str) -> str | None:
    """What a field of CSV says: nothing is null."""
    if field.startswith('"'):
        return field[1:-1].replace('""', '"')
    return field or None


@pytest.mark.parametrize("encoder", [ArrowEncoder, ParquetEncoder])
def test_columnar_forms_have_typed_values_and_say_what_they_are(encoder: Any) -> None:
    whole = body(encoder(COLUMNS), table())

    if encoder is ArrowEncoder:
        found = pa.ipc.open_stream(whole).read_all()
        told = found.schema.metadata
    else:
        found = pq.read_table(io.BytesIO(whole))
        told = pq.read_metadata(io.BytesIO(whole)).metadata

    assert list(found.to_pylist()[0].values()) == of_kind(4)
    assert json.loads(told[b"coinlake"]) == META
    assert found.schema.field(8).metadata == {b"athena_type": b"decimal(38,18)"}
    assert str(found.schema.field(8).type) == "decimal128(38, 18)"


def test_duckdb_reads_parquet(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    file.write_bytes(body(ParquetEncoder(COLUMNS), table()))

    found = duckdb.sql(f"SELECT c8, c3, c20, c30, c31, c42 FROM '{file}'").fetchall()

    assert found == [tuple(VALUES[number][4] for number in (8, 3, 20, 30, 31, 42))]


@pytest.mark.parametrize(
    ("kind", "text", "since_epoch"),
    [
        ("date", "-0001-12-31", -719529),
        ("date", "0000-01-01", -719528),
        ("date", "+10000-01-01", 2932897),
        ("timestamp", "+10000-01-01 00:00:00.001", 2932897 * 86_400_000_000 + 1000),
        ("timestamp", "-0001-12-31 23:59:59.999", -719528 * 86_400_000_000 - 1000),
    ],
)
def test_years_that_pythons_dates_do_not_have_are_exact(
    kind: str, text: str, since_epoch: int
) -> None:
    column = typed_column(pa.array([text, None]), kind)

    whole = pa.int32() if kind == "date" else pa.int64()
    assert column.cast(whole).to_pylist() == [since_epoch, None]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("bigint", "1.5"),
        ("tinyint", "128"),
        ("decimal(5,2)", "1.234"),
        ("decimal(5,2)", "1000000.00"),
        ("date", "2026-02-30"),
        ("timestamp", "2026-11-22"[:7]),
        ("varbinary", "xyz"),
        ("boolean", "maybe"),
    ],
)
def test_a_value_that_would_not_be_exact_is_no_value(kind: str, text: str) -> None:
    with pytest.raises(UnreadableValueError):
        typed_column(pa.array([text]), kind)


def test_columns_of_one_name_stay_apart_where_names_must_differ() -> None:
    columns = [ResultColumn(name, "integer") for name in ("a", "a_2", "a", "b", "a")]
    rows = text_rows(columns, [["1", "2", "3", "4", "5"]])

    names = unique_names(columns)
    line = body(NdjsonEncoder(columns), rows).splitlines()[0]

    assert names == ["a", "a_2", "a_3", "b", "a_4"]
    assert json.loads(line) == {"a": 1, "a_2": 2, "a_3": 3, "b": 4, "a_4": 5}


@pytest.mark.parametrize("count", [0, 1, 3])
def test_each_form_is_whole_for_any_number_of_rows(count: int) -> None:
    columns = [ResultColumn("n", "integer")]
    rows = text_rows(columns, [[str(number)] for number in range(count)])
    wanted = [{"n": number} for number in range(count)]

    as_json = body(JsonEncoder(columns, JsonShape({}, "data", as_objects=True)), rows)
    arrow = body(ArrowEncoder(columns), rows)
    parquet = body(ParquetEncoder(columns), rows)

    assert json.loads(as_json)["data"] == rows.records() == wanted
    assert pa.ipc.open_stream(arrow).read_all().to_pylist() == wanted
    assert pq.read_table(io.BytesIO(parquet)).to_pylist() == wanted
    assert body(CsvEncoder(columns), rows).count(b"\r\n") == count + 1


def test_a_parquet_file_of_many_row_groups_has_all_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("query_api.core.columnar_encoders._GROUP_ROWS", 10)
    columns = [ResultColumn("n", "integer")]
    encoder = ParquetEncoder(columns)
    rows = text_rows(columns, [[str(number)] for number in range(95)])

    parts = [bytes(encoder.block(rows.cells.slice(start, 7))) for start in range(0, 95, 7)]
    whole = encoder.head(META) + b"".join(parts) + bytes(encoder.tail(META))

    assert any(parts), "row groups are sent as they fill"
    assert pq.ParquetFile(io.BytesIO(whole)).num_row_groups > 1
    assert pq.read_table(io.BytesIO(whole))["n"].to_pylist() == list(range(95))
