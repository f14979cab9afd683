"""Cursors: where a page of a result begins, signed, so that nobody else can make or change one."""

import base64
import binascii
import hashlib
import hmac
import zlib
from dataclasses import dataclass
from typing import Any

import orjson

from query_api.core.answers import Place
from query_api.core.problems import BadRequestError

_SIGNATURE_BYTES = 16
_MAX_CURSOR_CHARS = 4096
_MAX_STATE_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in one result, and what is said of the answer on each of its pages.

    `row` is the first row of the page; it lies at or behind `anchor`, from where it is looked for.
    `etag` is that of the result object, so that all pages are of the same bytes.
    """

    query_id: str
    execution_id: str
    etag: str
    row: int
    anchor: Place
    meta: dict[str, Any]


def cursor_text(cursor: Cursor, caller: str, secret: bytes) -> str:
    """The cursor as the text that a client sends back; it is of use to `caller` alone."""
    state = [
        cursor.query_id,
        cursor.execution_id,
        cursor.etag,
        cursor.row,
        cursor.anchor.row,
        cursor.anchor.byte,
        cursor.meta,
    ]
    body = zlib.compress(orjson.dumps(state), 9)
    return (
        base64.urlsafe_b64encode(_signature(body, caller, secret) + body).decode().rstrip("=")
    )


def read_cursor(text: str, query_id: str, caller: str, secret: bytes) -> Cursor:
    """The cursor of a text. Raises BadRequestError for a changed, foreign or other query's one."""
    wrong = BadRequestError("the cursor is not one of this query: follow `next`, unchanged")
    if len(text) > _MAX_CURSOR_CHARS or not text.isascii():
        raise wrong
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise wrong from None
    signature, body = packed[:_SIGNATURE_BYTES], packed[_SIGNATURE_BYTES:]
    if not hmac.compare_digest(signature, _signature(body, caller, secret)):
        raise wrong
    # Ours from here on: nobody else can sign.
    unpacked = zlib.decompressobj().decompress(body, _MAX_STATE_BYTES)
    told_id, execution_id, etag, row, anchor_row, anchor_byte, meta = orjson.loads(unpacked)
    if told_id != query_id:
        raise wrong
    return Cursor(told_id, execution_id, etag, row, Place(anchor_row, anchor_byte), meta)


def _signature(body: bytes, caller: str, secret: bytes) -> bytes:
    # The name's length first: no two pairs of name and body are the same bytes.
    said = len(caller.encode()).to_bytes(4, "big") + caller.encode() + body
    return hmac.new(secret, said, hashlib.sha256).digest()[:_SIGNATURE_BYTES]
