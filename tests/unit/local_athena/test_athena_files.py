"""What files hold, as the local Athena reads it: JSON values, types, names, places, the meter."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from local_cloud.athena.sql import hive_types
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import CutoffError, QueryError
from local_cloud.athena.storage import json_files
from local_cloud.athena.storage.catalog import Storage
from local_cloud.athena.storage.lake import Meter, hidden, split_url
from local_cloud.athena.storage.parquet_files import compatible


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
        "a": t.decimal(38, 18),
        "b": t.VARCHAR,
        "c": t.BIGINT,
        "d": t.BOOLEAN,
        "e": t.TIMESTAMP,
    }
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
