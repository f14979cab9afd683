"""PyAthena's Arrow and pandas cursors, plain and with unload, as JSON: the rows of each."""

import functools
import json
import os
import sys
from typing import Any

import pyarrow.fs
from pyathena import connect
from pyathena.arrow.cursor import ArrowCursor
from pyathena.pandas.cursor import PandasCursor

# PyAthena's Arrow cursor makes its file system without an endpoint; this one has it.
pyarrow.fs.S3FileSystem = functools.partial(
    pyarrow.fs.S3FileSystem,
    endpoint_override=os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"),
    scheme="http",
)


def main(sql: str) -> None:
    told = {}
    for name, kind in (("arrow", ArrowCursor), ("pandas", PandasCursor)):
        for mode in ("plain", "unload"):
            connection = connect(
                s3_staging_dir="s3://lake/pyathena/", schema_name="lake", poll_interval=0.05
            )
            cursor = connection.cursor(kind, unload=mode == "unload").execute(sql)
            rows = _arrow(cursor) if kind is ArrowCursor else _pandas(cursor)
            told[f"{name} {mode}"] = [[_shown(value) for value in row] for row in rows]
    sys.stdout.write(json.dumps(told))


def _arrow(cursor: Any) -> list[list[object]]:
    return [list(row.values()) for row in cursor.as_arrow().to_pylist()]


def _pandas(cursor: Any) -> list[list[object]]:
    return [list(row) for row in cursor.as_pandas().itertuples(index=False)]


def _shown(value: Any) -> str | None:
    """One spelling of a value that the client's two readers give as different Python types."""
    text = str(value)
    if text in ("None", "nan", "NaT", "<NA>", ""):
        return None
    return text.removesuffix(" 00:00:00")


main(sys.argv[1])
sys.stdout.flush()
# Arrow's threads may still end when the interpreter takes their owners away: then the process is
# aborted after its work ("terminate called without an active exception", apache/arrow#34314,
# #39162, both open). What is tested here are the rows, which are told.
os._exit(0)
