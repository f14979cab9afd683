"""The table of rejected answers: a row for each record, whatever its body is."""

import hashlib
from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from coinlake.contracts import headers
from coinlake.contracts.datasets import REJECTED, dataset_of_page
from coinlake.contracts.ledger import UnknownField
from coinlake.contracts.rejected_answers import MAX_TEXT_BYTES, TABLE
from coinlake.contracts.values import typed
from coinlake_kernel.records import SourcedRecord
from coinlake_kernel.schemas import file_schema
from coinlake_kernel.sorted_rows import SortedRows

OF_A_ROW = {"usable": 1, "elements": 1, "rows": 1}
"""What an answer counts: it is its own only element."""


def rejected_row(record: SourcedRecord, value: bytes) -> dict[str, Any]:
    """The row of an answer, times in ms since the epoch, UTC. Headers that say no number are null."""
    told = record.told
    page = None if record.key is None else record.key.decode("utf-8", "replace")
    dataset = dataset_of_page(page)
    text, is_truncated = _text(value)
    return record.columns() | {
        "reason": told.get(headers.REASON),
        "feed": None if dataset is None else dataset.name,
        "page": page,
        "url": told.get(headers.URL),
        "status": typed(told.get(headers.STATUS), "int"),
        "requested_ts": typed(told.get(headers.REQUESTED_AT), "millis"),
        "text": text,
        "is_truncated": is_truncated,
        "bytes": len(value),
        "sha256": hashlib.sha256(value).hexdigest(),
    }


def _text(value: bytes) -> tuple[str, bool]:
    """A body as text, and whether there was more of it."""
    encoded = value.decode("utf-8", "replace").encode()
    if len(encoded) <= MAX_TEXT_BYTES:
        return encoded.decode(), False
    # The cut may be in the middle of a character.
    return encoded[:MAX_TEXT_BYTES].decode("utf-8", "ignore"), True


class RejectedRows:
    """The rejected answers of an hour."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self.tallies: Counter[str] = Counter()

    def same(self, record: SourcedRecord, digest: bytes) -> tuple[object, ...]:
        """What two records share of which one was sent again.

        An API that is down says so in the same words at each poll: each of these is an answer.
        """
        return record.poll_id, record.key, digest

    def take(self, record: SourcedRecord, value: bytes) -> None:
        """Take an answer; none is put aside, since all of them are."""
        self._rows.append(rejected_row(record, value))
        self.tallies.update(OF_A_ROW)

    def tables(self) -> dict[str, SortedRows]:
        """The table of the contract."""
        found = pa.Table.from_pylist(self._rows, schema=file_schema(TABLE))
        sort = [(name, "ascending") for name in TABLE.sort]
        order = pc.sort_indices(found, sort_keys=sort).to_numpy()
        return {REJECTED.tables[0]: SortedRows.of(found, order)}

    def put_aside(self, table: str) -> list[dict[str, Any]]:
        """Parts of answers that are rows of a quarantine: an answer that is kept whole has none."""
        return []

    def unknown_fields(self) -> tuple[UnknownField, ...]:
        """Keys that no column knows: what is in a rejected answer is not looked at."""
        return ()
