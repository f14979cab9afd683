"""CTAS and UNLOAD: a query's rows as Parquet in S3, and the manifest that lists the objects.

Names and places are those of Athena's user guide ("Find query output files in Amazon S3"):
`<output>/<id>-manifest.csv` for UNLOAD, `<output>/tables/<id>-manifest.csv` for CTAS, one URL a
line. Objects are called as Trino's HiveWriterFactory calls them, `<query id>_<uuid>`, and a query
without rows makes none.
"""

import tempfile
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from local_cloud.athena.api.executions import QueryExecution
from local_cloud.athena.engines.engine import PreparedQuery
from local_cloud.athena.sql.failures import QueryError, not_supported, syntax_error
from local_cloud.athena.sql.types import OutputColumn
from local_cloud.athena.storage.lake import Meter, S3Lake
from local_cloud.athena.storage.stored import check_storable, stored, stored_type

# Results up to this stay in memory, larger ones go through a temporary file.
SPOOL_BYTES = 16 * 1024 * 1024
# Parquet's row of "Hive table compression support by file format" in Athena's user guide; LZO
# is in it too, and pyarrow cannot write it.
_CODECS = {
    "GZIP": "gzip",
    "SNAPPY": "snappy",
    "ZSTD": "zstd",
    "LZ4": "lz4",
    "NONE": "none",
    "UNCOMPRESSED": "none",
}


@dataclass(frozen=True, slots=True)
class ParquetCodec:
    """How the pages of a Parquet object are compressed. Athena's default is gzip."""

    name: str = "gzip"
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What a query wrote: the objects' URLs, and how many rows are in them."""

    urls: tuple[str, ...]
    rows: int


def codec(properties: Mapping[str, str], names: tuple[str, ...]) -> ParquetCodec:
    """The compression that one of the properties `names` asks for, and its level."""
    given = [properties[name] for name in names if name in properties]
    if len(given) > 1:
        raise not_supported(f"more than one of {', '.join(names)}")
    asked = given[0].upper() if given else "GZIP"
    if asked not in _CODECS:
        raise not_supported(f"{asked} compression of Parquet")
    level = properties.get("compression_level")
    if level is None:
        return ParquetCodec(_CODECS[asked])
    # "Using ZSTD compression levels in Athena": 1 to 22, and no other codec has levels.
    if asked != "ZSTD" or not level.isdigit() or not 1 <= int(level) <= 22:
        raise not_supported(f"compression_level {level} with {asked}")
    return ParquetCodec("zstd", int(level))


def check_columns(columns: tuple[OutputColumn, ...], what: str) -> None:
    """Refuse rows that no table or view can hold (Trino's StatementAnalyzer.validateColumns)."""
    names = [column.name.lower() for column in columns]
    if len(set(names)) != len(names):
        raise syntax_error(f"Column name specified more than once in {what}")
    for position, (name, column) in enumerate(zip(names, columns, strict=True), 1):
        if name.startswith("_col"):
            raise syntax_error(f"Column name not specified at position {position}")
        if column.type.name == "unknown":
            raise QueryError(
                "COLUMN_TYPE_UNKNOWN", f"Column type is unknown at position {position}"
            )


class Exports:
    """Writes rows and manifests through the lake."""

    def __init__(self, lake: S3Lake) -> None:
        self._lake = lake

    def write(
        self,
        one: QueryExecution,
        answer: PreparedQuery,
        location: str,
        packed: ParquetCodec,
        meter: Meter,
    ) -> Written:
        """The answer as Parquet in an empty folder; the manifest is written, and noted in `one`."""
        if self._lake.objects(location):
            raise QueryError(
                "HIVE_PATH_ALREADY_EXISTS", f"Target directory is not empty: {location}"
            )
        for column in answer.columns:
            check_storable(column.type)
        url = f"{location.rstrip('/')}/{_object_name(one)}"
        with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as file:
            rows = _parquet(answer, file, packed, meter)
            written = Written((url,), rows) if rows else Written((), 0)
            # Before the data: the manifest also tells what a failing query meant to write.
            self._manifest(one, written.urls)
            if rows:
                file.seek(0)
                self._lake.upload(file, url)
        return written

    def _manifest(self, one: QueryExecution, urls: tuple[str, ...]) -> None:
        target = f"{one.output}-manifest.csv"
        self._lake.put(target, "".join(f"{url}\n" for url in urls).encode(), "text/csv")
        one.manifest = target


def _object_name(one: QueryExecution) -> str:
    # Trino's QueryIdGenerator: time, a counter (here always the first), and five letters.
    at = time.strftime("%Y%m%d_%H%M%S", time.gmtime(one.submitted))
    return f"{at}_00000_{one.id[:5]}_{uuid.uuid4()}"


def _parquet(answer: PreparedQuery, file: IO[bytes], packed: ParquetCodec, meter: Meter) -> int:
    """Write one Parquet file; how many rows are in it."""
    schema = pa.schema([(one.name.lower(), stored_type(one.type)) for one in answer.columns])
    rows = 0
    with pq.ParquetWriter(
        file,
        schema,
        compression=packed.name,
        compression_level=packed.level,
        # Trino's ParquetSchemaConverter: HIVE_PARQUET_USE_INT96_TIMESTAMP_ENCODING.
        use_deprecated_int96_timestamps=True,
    ) as writer:
        for batch in answer.batches():
            meter.check()
            columns = [
                stored(batch.column(i), one.type) for i, one in enumerate(answer.columns)
            ]
            writer.write_batch(pa.record_batch(columns, schema=schema))
            rows += batch.num_rows
    return rows
