"""What an answer is: usable, degraded or rejected. Ingestor, job and tools judge by this alone.

- **usable**: the job makes rows of it.
- **degraded**: usable, and something in it is odd: that is set aside, typed by a rule of its own or
  counted, and the rest of the answer does not suffer for it (`Oddity`).
- **rejected**: nothing in it can be used; it is put aside whole, with its reason (`RejectReason`).

What a body is, is judged by both sides. What came with it (the status, and the clock that the
ingestor held its time against) is the ingestor's alone: the job has rows of every answer that is there.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from unicodedata import category

from coinlake.contracts.elements import Element
from coinlake.contracts.json_trees import anywhere, is_deeper
from coinlake.contracts.values import (
    Number,
    Repeating,
    json_text,
    kind_of,
    parse_json,
    replaced,
    storable,
    typed,
)

MAX_DEPTH = 254
"""The deepest nesting of arrays and objects: as deep as orjson writes (orjson 3.13: `dumps` raises
JSONEncodeError beyond 254), so the job's quick reading refuses what is deeper without looking."""
MAX_ID_BYTES = 256
"""Longer texts are no ids; CoinCap's have at most some forty characters."""
_BOM = b"\xef\xbb\xbf"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class RejectReason(StrEnum):
    """Why nothing in an answer could be used; the `reason` header of the rejected topic."""

    KEY_REFUSED = "key_refused"
    RATE_LIMITED = "rate_limited"
    CLIENT_ERROR = "client_error"
    SERVER_ERROR = "server_error"
    UNEXPECTED_STATUS = "unexpected_status"
    EMPTY_BODY = "empty_body"
    NOT_JSON = "not_json"
    TOO_DEEP = "too_deep"
    NOT_AN_OBJECT = "not_an_object"
    ERROR_BODY = "error_body"
    DATA_MISSING = "data_missing"
    DATA_REPEATED = "data_repeated"
    DATA_WRONG_KIND = "data_wrong_kind"
    DATA_EMPTY = "data_empty"
    DATA_UNKNOWN = "data_unknown"
    TIMESTAMP_OFF = "timestamp_off"
    TIMESTAMP_MISSING = "timestamp_missing"
    """Of records that an older ingestor sent: such an answer is degraded today."""


class Oddity(StrEnum):
    """What is odd in an answer that is used all the same."""

    BYTE_ORDER_MARK = "byte_order_mark"
    LONE_SURROGATE = "lone_surrogate"
    """A text that is no Unicode text: null in its column, kept as JSON text in `extra`."""
    NOT_A_NUMBER = "not_a_number"
    """`NaN` or `Infinity` without quotes, which JSON does not know (RFC 8259, 6)."""
    REPEATED_KEY = "repeated_key"
    """The last value counts; those that it hides in an element are kept in `extra`."""
    ELEMENT_UNIDENTIFIED = "element_unidentified"
    """An entry of `data` without the feed's identity: it alone goes to the quarantine."""
    TIMESTAMP_AS_TEXT = "timestamp_as_text"
    TIMESTAMP_AS_FRACTION = "timestamp_as_fraction"
    """A whole number of ms, written with a point or an exponent."""
    TIMESTAMP_UNUSABLE = "timestamp_unusable"
    """Missing, there twice or no time at all: `source_ts` is null, and no candle has its rows."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A body in which nothing can be used; `said` is for people."""

    reason: RejectReason
    said: str


@dataclass(frozen=True, slots=True)
class Envelope:
    """A body that can be used. `source_ms` is its time in ms since the epoch, UTC, None without one."""

    members: dict[str, Any]
    source_ms: int | None

    @property
    def data(self) -> list[Any]:
        """The entries, as `values.parse_json` reads them."""
        entries: list[Any] = self.members["data"]
        return entries


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is said of an answer: `reason` None is usable, and degraded where it has `oddities`."""

    reason: RejectReason | None = None
    said: str = ""
    oddities: tuple[Oddity, ...] = ()


def judge(
    element: Element, status: int, body: bytes, received_ms: Sequence[int], max_skew_ms: int
) -> Judgement:
    """Judge an answer to a request for a feed's elements.

    `received_ms` (since the epoch, UTC) has several times while nobody knows which clock is right: one
    has to fit. An answer that was made at quite another time is not the answer to this request: it
    would stand in the tables as new.
    """
    if status != 200:
        return Judgement(_status_reason(status), f"status {status}")
    found = read_body(element, body)
    if isinstance(found, Refusal):
        return Judgement(found.reason, found.said)
    source_ms = found.source_ms
    if source_ms is not None and all(is_far(source_ms, ms, max_skew_ms) for ms in received_ms):
        said = f"its timestamp is {source_ms}, it was received at {received_ms[0]}"
        return Judgement(RejectReason.TIMESTAMP_OFF, said)
    return Judgement(oddities=oddities(element, body, found))


def read_body(element: Element, body: bytes) -> Envelope | Refusal:
    """The envelope of a body, or why nothing in it can be used. Never raises for what is in it."""
    if not body.strip():
        return Refusal(RejectReason.EMPTY_BODY, "empty body")
    try:
        document = parse_json(body)
    except RecursionError:
        return _TOO_DEEP
    except ValueError as error:
        return Refusal(RejectReason.NOT_JSON, str(error))
    if is_deeper(document, MAX_DEPTH):
        return _TOO_DEEP
    refusal = _refusal(element, document)
    return refusal or Envelope(document, _source_ms(document))


_TOO_DEEP = Refusal(RejectReason.TOO_DEEP, "not usable: nested too deep")


def is_far(source_ms: int | None, received_ms: int | None, max_skew_ms: int) -> bool:
    """Whether the source says a time that cannot be that of this answer."""
    if source_ms is None or received_ms is None:
        return False
    return abs(received_ms - source_ms) > max_skew_ms


def is_id(text: str | None) -> bool:
    """Whether a text can be an id: not blank, no control characters, at most 256 bytes."""
    if text is None or not text.strip() or len(text.encode()) > MAX_ID_BYTES:
        return False
    return not any(category(character) == "Cc" for character in text)


def is_identified(element: Element, entry: Any) -> bool:
    """Whether an entry of `data` says which element it is."""
    return isinstance(entry, dict) and all(
        is_id(typed(entry.get(key), "text")) for key in element.identity_keys
    )


def repeats(members: dict[str, Any], key: str) -> bool:
    """Whether an object has this key more than once."""
    return any(one == key for one, _, _ in replaced(members))


def oddities(element: Element, body: bytes, envelope: Envelope) -> tuple[Oddity, ...]:
    """What is odd in a body that can be used."""
    return tuple(_oddities(element, body, envelope))


def _oddities(element: Element, body: bytes, envelope: Envelope) -> Iterator[Oddity]:
    members = envelope.members
    if body.startswith(_BOM):
        yield Oddity.BYTE_ORDER_MARK
    # What cannot be in the text is not looked for in every value.
    if _SURROGATE.search(body) and anywhere(members, lambda one: not storable(one)):
        yield Oddity.LONE_SURROGATE
    if (b"NaN" in body or b"Infinity" in body) and anywhere(members, _is_not_a_number):
        yield Oddity.NOT_A_NUMBER
    if anywhere(members, lambda one: isinstance(one, Repeating)):
        yield Oddity.REPEATED_KEY
    if not all(is_identified(element, entry) for entry in envelope.data):
        yield Oddity.ELEMENT_UNIDENTIFIED
    of_time = _oddity_of_time(envelope)
    if of_time is not None:
        yield of_time


def _oddity_of_time(envelope: Envelope) -> Oddity | None:
    told = envelope.members.get("timestamp")
    if envelope.source_ms is None:
        return Oddity.TIMESTAMP_UNUSABLE
    if not isinstance(told, Number):
        return Oddity.TIMESTAMP_AS_TEXT
    return None if told.isdigit() else Oddity.TIMESTAMP_AS_FRACTION


def _source_ms(members: dict[str, Any]) -> int | None:
    if repeats(members, "timestamp"):
        return None
    told: int | None = typed(members.get("timestamp"), "millis")
    return told


def _refusal(element: Element, document: Any) -> Refusal | None:
    if not isinstance(document, dict):
        said = f"the body is {kind_of(document)}, not an object"
        return Refusal(RejectReason.NOT_AN_OBJECT, said)
    if "data" not in document and "error" in document:
        said = f"no data: {json_text(document['error'])[:200]}"
        return Refusal(RejectReason.ERROR_BODY, said)
    if "data" not in document:
        return Refusal(RejectReason.DATA_MISSING, "no data")
    if repeats(document, "data"):
        return Refusal(RejectReason.DATA_REPEATED, "data is there more than once")
    return _refusal_of_data(element, document["data"])


def _refusal_of_data(element: Element, data: Any) -> Refusal | None:
    # The v2 sunset answered 200 with an object where a list was promised (x-cmd/x-cmd #217).
    if not isinstance(data, list):
        said = f"data is {kind_of(data)}, not an array"
        return Refusal(RejectReason.DATA_WRONG_KIND, said)
    if not data:
        return Refusal(RejectReason.DATA_EMPTY, "data is empty")
    # One broken entry is its own trouble; an answer without any known one is nobody's feed.
    if not any(is_identified(element, entry) for entry in data):
        keys = ", ".join(element.identity_keys)
        return Refusal(RejectReason.DATA_UNKNOWN, f"no entry of data has a usable {keys}")
    return None


def _status_reason(status: int) -> RejectReason:
    if status in (401, 403):
        return RejectReason.KEY_REFUSED
    if status == 429:
        return RejectReason.RATE_LIMITED
    if 400 <= status < 500:
        return RejectReason.CLIENT_ERROR
    if 500 <= status < 600:
        return RejectReason.SERVER_ERROR
    return RejectReason.UNEXPECTED_STATUS


def _is_not_a_number(value: Any) -> bool:
    return isinstance(value, Number) and value.lstrip("-") in ("NaN", "Infinity")
