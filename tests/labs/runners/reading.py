"""Readers that count the rows of hours all the time: what they saw, one after the other."""

import io
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from coinlake.contracts.hours import Hour
from tests.integration.etl_runner.conftest import BUCKET, Lake
from tests.labs.runners.lake import DATABASE

Counts = Mapping[Hour, int]


@dataclass
class Seen:
    """The counts of each hour in the order in which they changed, of one reader."""

    looks: int = 0
    counts: dict[Hour, list[int]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    """What a reader got instead of rows; S3 and Athena promise no snapshot over two requests."""

    def look(self, counts: Counts) -> None:
        """One look, whole."""
        self.looks += 1
        for hour, count in counts.items():
            seen = self.counts.setdefault(hour, [])
            if not seen or seen[-1] != count:
                seen.append(count)


def by_partition(lake: Lake, table: str, hours: Sequence[Hour]) -> Counts:
    """Rows of each hour as what its registered partition's location holds."""
    counts = {}
    for hour in hours:
        try:
            told = lake.glue.get_partition(
                DatabaseName=DATABASE, TableName=table, PartitionValues=[hour.dt, hour.hour]
            )
        except lake.glue.exceptions.EntityNotFoundException:
            counts[hour] = 0
            continue
        location = told["Partition"]["StorageDescriptor"]["Location"]
        keys = lake.keys(location.removeprefix(f"s3://{BUCKET}/"))
        counts[hour] = sum(pq.read_metadata(io.BytesIO(lake.get(key))).num_rows for key in keys)
    return counts


def by_sql(lake: Lake, table: str, hours: Sequence[Hour]) -> Counts:
    """Rows of each hour as a query counts them."""
    days = ", ".join(sorted({f"'{hour.dt}'" for hour in hours}))
    found = lake.sql(
        f"SELECT dt, hour, count(*) FROM {table} WHERE dt IN ({days}) GROUP BY 1, 2"
    )
    counted = {Hour(dt or "", hour or ""): int(n or 0) for dt, hour, n in found}
    return {hour: counted.get(hour, 0) for hour in hours}


@contextmanager
def reading(
    look: Callable[[], Counts],
    every_s: float,
    also: Callable[[BaseException], bool] | None = None,
) -> Iterator[Seen]:
    """A reader, for the length of a block. What is no answer (`also`, or S3's errors) is kept."""
    seen, stop = Seen(), threading.Event()
    broken: list[BaseException] = []

    def read() -> None:
        is_last = False
        while not is_last:
            # Once more after the end: the last count is that of what stays.
            is_last = stop.wait(every_s)
            try:
                seen.look(look())
            except ClientError as error:
                seen.faults.append(str(error))
            except BaseException as error:
                if also is None or not also(error):
                    broken.append(error)
                    return
                seen.faults.append(str(error))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield seen
    finally:
        stop.set()
        thread.join()
    if broken:
        raise broken[0]
