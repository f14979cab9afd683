"""Where a price comes from: the answer in a raw object that holds it, with every hash on the way."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from coinlake.contracts import headers
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_index import RawFormatError, Record
from query_api.core.window import time_or_null


@dataclass(frozen=True, slots=True)
class Found:
    """The record of an object that has an asset's element, and where in the answer it stands."""

    record: Record
    sha256: str
    element_index: int
    element: dict[str, Any]
    source_ms: int | None


def find_in(body: bytes, asset_id: str, at_ms: int | None) -> Found | None:
    """The newest answer of a raw object with this asset, of this source time where one is given.

    None where the object has none, or is none.
    """
    try:
        decoded = decode(body)
    except RawFormatError:
        return None
    for record in reversed(decoded.records):
        found = _in_record(record, asset_id, at_ms)
        if found is not None:
            index, element, source_ms = found
            return Found(record, decoded.sha256, index, element, source_ms)
    return None


def _in_record(
    record: Record, asset_id: str, at_ms: int | None
) -> tuple[int, dict[str, Any], int | None] | None:
    if record.value is None:
        return None
    try:
        # Numbers stay texts: a float has fewer digits than the API may send.
        answer = json.loads(record.value, parse_float=str)
    except (ValueError, RecursionError):
        return None
    source_ms = answer.get("timestamp") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or (at_ms is not None and source_ms != at_ms):
        return None
    elements = answer.get("data")
    for index, element in enumerate(elements if isinstance(elements, list) else ()):
        if isinstance(element, dict) and element.get("id") == asset_id:
            return index, element, source_ms if isinstance(source_ms, int) else None
    return None


def lineage(found: Found) -> dict[str, Any]:
    """The poll, the place in Kafka and the body of what was found."""
    told = headers.text_headers(found.record.headers)
    body = found.record.value or b""
    sha256 = hashlib.sha256(body).hexdigest()
    return {
        "source_ts": time_or_null(found.source_ms),
        "element_index": found.element_index,
        "element": {
            name: value if isinstance(value, str) or value is None else json.dumps(value)
            for name, value in found.element.items()
        },
        "poll": {
            "poll_id": told.get(headers.POLL_ID),
            "requested_at": _moment(told.get(headers.REQUESTED_AT)),
            "received_at": _moment(told.get(headers.RECEIVED_AT)),
            "status": told.get(headers.STATUS),
            "url": told.get(headers.URL),
            "source": told.get(headers.SOURCE),
        },
        "body": {
            "bytes": len(body),
            "sha256": sha256,
            "as_received": told.get(headers.SHA256) == sha256,
        },
    }


def _moment(text: str | None) -> str | None:
    """A header's milliseconds as a time; None where it has none."""
    is_time = text is not None and text.isascii() and text.isdigit() and len(text) < 15
    return time_or_null(int(text)) if is_time and text is not None else None


def candidates(ends: Iterable[tuple[str, int]], at_ms: int | None, most: int) -> list[str]:
    """The keys of an hour's objects that may hold an answer of a source time, likeliest first.

    `ends` are keys with the time at which each was stored, oldest first: what was asked for at `at_ms`
    was stored after it, and in the first object that was. Without a time the newest come first.
    """
    keys = list(ends)
    if at_ms is None:
        return [key for key, _ in keys[::-1][:most]]
    # S3 tells whole seconds (RFC 9110, Last-Modified).
    return [key for key, stored_ms in keys if stored_ms + 1000 > at_ms][:most]
