"""A lake that the page can be looked at with: the simulator's market, through the real formats and rules.

Bodies are the CoinCap simulator's, raw objects are encoded as the sink does, tables are made by the
job's kernel and committed as the runner does. What is missing is only the waiting.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from coincap_simulator.catalogue_files import load_catalogue
from coincap_simulator.core.assets import asset_list
from coincap_simulator.core.market_data import MarketData
from coincap_simulator.core.switches import USUAL
from coinlake.contracts.datasets import ASSETS
from coinlake.contracts.headers import AnswerHeaders
from coinlake.contracts.hours import HOUR_MS, Hour, hour_of
from coinlake.contracts.ledger import Counts, RawInput, ledger_key
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_columns import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.raw_meta import RawMeta
from coinlake.views.definition import table_input as view_table
from coinlake.views.live import live_views
from coinlake_kernel.hour import HourKernel, TypedHour
from coinlake_kernel.quality import rule_counts
from coinlake_kernel.records import RawSource
from tests.labs.ledger_entries import ledger_entry
from tests.labs.published_tables import put_table

_SKEW_MS = 600_000
_MINUTE_MS = 60_000
HOSTILE = '<img src=x onerror="document.title=1">'
"""A name that would be markup, if anything took it for such."""


@dataclass(frozen=True, slots=True)
class LakePlan:
    """What the lake, bucket and database of one `name`, holds: `hours` before `now_ms`, the newest `dense` of them polled each minute.

    `behind_ms`: the pipeline has stood for so long. `odd` hours, counted back from the last closed
    one: which are missing, late, quarantined or rebuilt.
    """

    now_ms: int
    hours: int = 4
    dense: int = 4
    assets: int = 30
    behind_ms: int = 0
    name: str = "coinlake"
    odd: Mapping[int, str] = field(default_factory=dict)


def provision(environ: Mapping[str, str]) -> None:
    """Bucket, tables, views and workgroup, by the project's own command."""
    command = [sys.executable, "-m", "coinlake_tools", "provision", "--all"]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    subprocess.run(
        command, env={**kept, **environ}, check=True, capture_output=True, timeout=120
    )


def fill(s3: Any, glue: Any, plan: LakePlan) -> "FilledLake":
    """Write the lake; it may be polled once more afterwards."""
    made = FilledLake(s3, glue, plan)
    end_ms = plan.now_ms - plan.behind_ms
    last = hour_of(end_ms)
    hours = [hour_of(last.start_ms - back * HOUR_MS) for back in range(plan.hours, 0, -1)]
    for number, hour in enumerate(hours):
        made.closed(hour, plan.hours - 1 - number)
    made.open(last, end_ms)
    for view in live_views(ASSETS, hours[-1], HOUR_MS):
        glue.update_table(DatabaseName=plan.name, TableInput=view_table(view, plan.name))
    return made


class FilledLake:
    """A lake that is being written, hour by hour, and by single polls."""

    def __init__(self, s3: Any, glue: Any, plan: LakePlan) -> None:
        self._s3 = s3
        self._glue = glue
        self._plan = plan
        self._market = MarketData(load_catalogue(plan.assets), 42, 5_000)
        self._offset = 0

    def closed(self, hour: Hour, back: int) -> None:
        """An hour that has ended, with its raw objects, its tables and its entry."""
        odd = self._plan.odd.get(back)
        times = self._times(hour, hour.end_ms, back)
        if odd == "missing":
            return
        inputs, made = self._raw(hour, times, broken=odd == "quarantined")
        late_ms = 30 * HOUR_MS if odd == "rebuilt" else 8 * _MINUTE_MS
        said = {
            "complete": odd != "late",
            "closed_by": "age" if odd == "late" else "heartbeat",
            "version": 2 if odd == "rebuilt" else 1,
            "committed_at_ms": hour.end_ms + late_ms,
            "watermark_ms": hour.end_ms,
        }
        self._publish(hour, inputs, made, said)

    def open(self, hour: Hour, end_ms: int) -> None:
        """The hour that runs: in the raw zone alone."""
        self._raw(hour, self._times(hour, end_ms, -1), broken=False)

    def poll(self, at_ms: int) -> None:
        """One more answer, in an object of its own."""
        self._put(hour_of(at_ms), [self._record(at_ms, broken=False)])

    def _times(self, hour: Hour, end_ms: int, back: int) -> list[int]:
        step_ms = _MINUTE_MS if back < self._plan.dense else 10 * _MINUTE_MS
        # The newest one is seconds old, as in a lake that lives.
        first = (end_ms - 3_000 - hour.start_ms) % step_ms
        return list(range(hour.start_ms + first, end_ms, step_ms))

    def _raw(
        self, hour: Hour, times: list[int], *, broken: bool
    ) -> tuple[list[RawInput], TypedHour]:
        kernel, inputs = HourKernel("assets", _SKEW_MS), []
        for start in range(0, len(times), 10):
            part = times[start : start + 10]
            records = [self._record(at_ms, broken=broken and not start) for at_ms in part]
            key, etag, body = self._put(hour, records)
            inputs.append(RawInput(key, etag))
            source = RawSource("assets", hour.dt, hour.hour, key, etag, None, _SKEW_MS)
            kernel.add(source, body)
        return inputs, kernel.finish()

    def _record(self, at_ms: int, *, broken: bool) -> Record:
        body = asset_list(self._market, {"limit": str(self._plan.assets)}, at_ms, USUAL).body
        body = self._dressed(body, broken=broken)
        digest = hashlib.sha256(body).hexdigest()
        poll = hashlib.sha256(b"%d" % at_ms).hexdigest()[:32]
        url = "https://rest.coincap.io/v3/assets?limit=100&offset=0"
        headers = AnswerHeaders(poll, at_ms, at_ms + 240, 200, url, digest, "simulator", "")
        self._offset += 1
        return Record(
            self._offset - 1,
            at_ms + 240,
            b"assets?limit=100&offset=0",
            body,
            tuple(headers.encode()),
        )

    def _dressed(self, body: bytes, *, broken: bool) -> bytes:
        """The last asset has a name that looks like markup; in a broken answer one has no price."""
        answer = orjson.loads(body)
        answer["data"][-1] |= {"name": HOSTILE, "symbol": "<b>X</b>"}
        if broken:
            answer["data"][5] |= {"priceUsd": "not a number"}
        return orjson.dumps(answer)

    def _put(self, hour: Hour, records: list[Record]) -> tuple[str, str, bytes]:
        encoded = encode(records)
        first, last = records[0], records[-1]
        key = str(RawKey(ASSETS.topic, hour, 1, 0, first.offset))
        meta = RawMeta(
            first.offset,
            first.offset,
            last.offset + 1,
            len(records),
            len(records),
            encoded.sha256,
            first.timestamp_ms,
            last.timestamp_ms,
            last.timestamp_ms,
            "page-lake",
        )
        put = self._s3.put_object(
            Bucket=self._plan.name, Key=key, Body=encoded.body, Metadata=meta.encode()
        )
        return key, put["ETag"].strip('"'), encoded.body

    def _publish(
        self, hour: Hour, inputs: list[RawInput], made: TypedHour, said: dict[str, Any]
    ) -> None:
        outputs = tuple(
            put_table(self._s3, self._glue, self._plan.name, hour, name, made)
            for name in ASSETS.published
        )
        rows = {one.table: one.rows for one in outputs}
        tallies = made.tallies
        counts = Counts(
            tallies["records"],
            tallies["usable"],
            tallies["quarantined_records"],
            tallies["duplicates"],
            tallies["heartbeats"],
            tallies["elements"],
            rows["quotes"],
            rows["quotes_quarantine"],
            0,
        )
        entry = ledger_entry(
            "assets",
            hour,
            inputs=tuple(inputs),
            outputs=outputs,
            counts=counts,
            run_id=f"jr_{hashlib.sha256(hour.path.encode()).hexdigest()}",
            batch_id=hashlib.sha256(hour.path.encode()).hexdigest()[:32],
            billed_seconds=74,
            min_received_ms=made.min_received_ms,
            max_received_ms=made.max_received_ms,
            quality=rule_counts("assets", len(inputs), tallies, rows),
        )
        self._commit(hour, replace(entry, **said))

    def _commit(self, hour: Hour, entry: Any) -> None:
        key = ledger_key("assets", hour, entry.version)
        self._s3.put_object(Bucket=self._plan.name, Key=key, Body=entry.encode())
