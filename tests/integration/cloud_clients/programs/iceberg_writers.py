"""Many PyIceberg writers append to one table at once through the Glue catalog; then all is read."""

import json
import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from os import environ
from typing import Any

import pyarrow as pa
from pyiceberg.catalog import load_catalog
from pyiceberg.exceptions import CommitFailedException

# PyIceberg waits the same time in each writer, so that all of them meet again: a minute of lost
# attempts. These writers try at one moment first, and then spread over the time that those who are
# left would need one after the other, three times over.
NO_RETRIES = {"commit.retry.num-retries": "0"}
SPREAD = 3.0
SCHEMA = pa.schema([("writer", pa.int64())])


def main(writers: int) -> None:
    catalog = _catalog()
    name = f"commits_of_{writers}"
    catalog.create_namespace_if_not_exists("iceberg")
    catalog.create_table(
        f"iceberg.{name}",
        schema=SCHEMA,
        location=f"s3://lake/iceberg/{name}",
        properties=NO_RETRIES,
    )
    line, left, trying = threading.Barrier(writers), set(range(writers)), set(range(writers))

    def write(number: int) -> int:
        rows = pa.table({"writer": [number]}, schema=SCHEMA)
        table = catalog.load_table(f"iceberg.{name}")
        line.wait()
        for attempt in range(1, 200):
            trying.add(number)
            begun, beside = time.monotonic(), len(trying)
            try:
                table.append(rows)
            except CommitFailedException:
                trying.discard(number)
                alone_s = (time.monotonic() - begun) / beside
                time.sleep(random.uniform(0, SPREAD * alone_s * len(left)))
                table = catalog.load_table(f"iceberg.{name}")
            else:
                trying.discard(number)
                left.discard(number)
                return attempt
        raise RuntimeError(f"writer {number} never got through")

    with ThreadPoolExecutor(writers) as pool:
        attempts = sum(pool.map(write, range(writers)))
    table = _catalog().load_table(f"iceberg.{name}")
    told = {
        "rows": sorted(table.scan().to_arrow()["writer"].to_pylist()),
        "snapshots": len(table.snapshots()),
        "attempts": attempts,
    }
    sys.stdout.write(json.dumps(told))


def _catalog() -> Any:
    endpoint = environ["AWS_ENDPOINT_URL"]
    places = {"glue.endpoint": endpoint, "s3.endpoint": endpoint}
    return load_catalog("local", type="glue", **places)


main(int(sys.argv[1]))
