"""PyAthena's cursors: `default` (rows by paging), `arrow`, `async` (threads) and `aio` (asyncio)."""

import asyncio
import functools
import os
import sys
from typing import Any

import pyarrow.fs
import pyathena
from pyathena.aio.arrow.cursor import AioArrowCursor
from pyathena.arrow.cursor import ArrowCursor
from pyathena.async_cursor import AsyncCursor

from bench.query.programs.asking import Ask, take_part

# PyAthena's Arrow cursor makes its file system without an endpoint; this one has it.
pyarrow.fs.S3FileSystem = functools.partial(
    pyarrow.fs.S3FileSystem,
    endpoint_override=os.environ["AWS_ENDPOINT_URL"].removeprefix("http://"),
    scheme="http",
)
# Its default is a second, which would be most of a short answer; its own history is its cache.
HOW = {
    "schema_name": "coinlake",
    "work_group": "coinlake",
    "s3_staging_dir": "s3://coinlake/athena-results/",
    "poll_interval": 0.05,
}
# pyarrow's own give up after 3 s without a byte, which a busy machine's S3 may take.
PATIENCE = {"connect_timeout": 10, "request_timeout": 120}
CACHE = {"cache_size": 50, "cache_expiration_time": 3600}


def default() -> Ask:
    """Rows as tuples."""
    connection = pyathena.connect(**HOW)
    return lambda sql, _: connection.cursor().execute(sql, **CACHE).fetchall()


def arrow() -> Ask:
    """A table, read from the result object."""
    connection = pyathena.connect(cursor_class=ArrowCursor, **HOW)
    return lambda sql, _: connection.cursor(**PATIENCE).execute(sql, **CACHE).as_arrow()


def threads() -> Ask:
    """Rows as tuples, by a future."""
    cursor = pyathena.connect(cursor_class=AsyncCursor, **HOW).cursor()
    return lambda sql, _: cursor.execute(sql, **CACHE)[1].result().fetchall()


def aio() -> Ask:
    """Rows as tuples, on an event loop."""
    return _on_loop(None)


def aio_arrow() -> Ask:
    """A table, on an event loop."""
    return _on_loop(AioArrowCursor)


def _on_loop(kind: Any) -> Ask:
    loop = asyncio.new_event_loop()
    connection = loop.run_until_complete(pyathena.aio_connect(**HOW))

    async def asked(sql: str) -> Any:
        cursor = connection.cursor(kind, **PATIENCE) if kind else connection.cursor()
        await cursor.execute(sql, **CACHE)
        return await (cursor.as_arrow() if kind else cursor.fetchall())

    return lambda sql, _: loop.run_until_complete(asked(sql))


WAYS = {
    "default": default,
    "arrow": arrow,
    "async": threads,
    "aio": aio,
    "aio-arrow": aio_arrow,
}

if __name__ == "__main__":
    take_part(WAYS[sys.argv[1]]())
