"""Glue of the chain: what its job makes of an hour is read from the raw objects themselves."""

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import lru_cache

from coinlake.contracts.batches import BatchHour, HourResult, Manifest, StagedFile
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.ledger import Counts, staging_prefix
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import parse_raw_key
from tests.labs.sim_runner.glue import GlueServer

Row = list[str]
"""A row of a published table: key, hash of the value, and where Kafka has it."""


@lru_cache(maxsize=512)
def records_of(body: bytes) -> tuple[Record, ...]:
    """The records of a raw object, decoded once however often they are looked at."""
    return tuple(decode(body).records)


def row_of(key: bytes | None, value: bytes, place: str) -> Row:
    """The row of one answer."""
    return [(key or b"").decode(), hashlib.sha256(value).hexdigest(), place]


def first_of_each(rows: list[Row]) -> list[Row]:
    """Within an hour answers with equal key and value are one (`coinlake_job.transform`)."""
    found: dict[tuple[str, str], Row] = {}
    for row in rows:
        found.setdefault((row[0], row[1]), row)
    return list(found.values())


class ChainGlue(GlueServer):
    """The service, whose job decodes what the sinks have written."""

    # The job's own time limit (deploy/ec2: Timeout), beside days of a minute.
    TIMES_OUT_S = 25.0

    def start(self, arguments: Mapping[str, str]) -> str:
        run_id = super().start(arguments)
        self._server.call_later(self.TIMES_OUT_S, self._become, run_id, "TIMEOUT")
        return run_id

    deduplicated: Callable[[list[Row]], list[Row]] = staticmethod(first_of_each)

    def _staged(self, manifest: Manifest, attempt: str) -> tuple[HourResult, ...] | None:
        made = []
        for hour in manifest.hours:
            records = self._records(hour)
            if records is None:
                return None
            answers = [
                row_of(one.key, one.value, place)
                for place, one in records
                if one.value is not None
            ]
            rows = self.deduplicated(answers)
            tables = TABULAR[hour.feed].published
            files = []
            for table in tables:
                key = f"{staging_prefix(manifest.batch_id, attempt)}{table}/{hour.at.path}/p"
                lines = rows if table == tables[0] else []
                body = json.dumps(lines).encode()
                etag = self._bucket.put(key, body, {})
                files.append(StagedFile(table, key, etag, len(body), len(lines)))
            again = len(answers) - len(rows)
            counts = Counts(
                records=len(records),
                usable=len(rows),
                quarantined_records=0,
                duplicates=again,
                heartbeats=len(records) - len(answers),
                elements=len(rows),
                rows=len(rows),
                quarantined_rows=0,
                unknown_fields=0,
            )
            if again:
                self._reached("duplicate removed")
            made.append(HourResult(hour.feed, hour.dt, hour.hour, counts, tuple(files)))
        return tuple(made)

    def _records(self, hour: BatchHour) -> list[tuple[str, Record]] | None:
        """The records of an hour with their places; None where an input is gone, or another."""
        found = []
        for item in hour.inputs:
            there, named = self._bucket.objects.get(item.key), parse_raw_key(item.key)
            if there is None or named is None or there.etag != item.etag:
                return None
            found += [
                (f"{named.partition}-{one.offset}", one) for one in records_of(there.body)
            ]
        return found
