"""Which answers are usable: the API is untrusted, and a status of 200 proves nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import orjson

from ingestor.core.feeds import FEEDS

Container = dict[str, object] | list[object]


class RejectReason(StrEnum):
    """Why an answer with a body could not be used; the `reason` header of the rejected topic."""

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
    DATA_WRONG_KIND = "data_wrong_kind"
    DATA_EMPTY = "data_empty"
    DATA_UNKNOWN = "data_unknown"
    TIMESTAMP_MISSING = "timestamp_missing"
    TIMESTAMP_OFF = "timestamp_off"


@dataclass(frozen=True, slots=True)
class Rules:
    """What an answer is held against. `max_skew_ms`: its timestamp against our receive time."""

    max_skew_ms: int
    max_depth: int


def judge(
    feed: str, status: int, body: bytes, received_at_ms: Sequence[int], rules: Rules
) -> RejectReason | None:
    """None for a usable answer of this feed, else the first thing that is wrong with it.

    `received_at_ms` has several times while nobody knows which clock is right: one has to fit.
    """
    if status != 200:
        return _status_reason(status)
    if not body:
        return RejectReason.EMPTY_BODY
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return RejectReason.NOT_JSON
    if _deeper_than(document, rules.max_depth):
        return RejectReason.TOO_DEEP
    if not isinstance(document, dict):
        return RejectReason.NOT_AN_OBJECT
    if "data" not in document:
        return RejectReason.ERROR_BODY if "error" in document else RejectReason.DATA_MISSING
    return _data_reason(document["data"], FEEDS[feed].identity) or _timestamp_reason(
        document.get("timestamp"), received_at_ms, rules.max_skew_ms
    )


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


def _data_reason(data: object, identity: tuple[str, ...]) -> RejectReason | None:
    # The v2 sunset answered 200 with an object where a list was promised (x-cmd/x-cmd #217).
    if not isinstance(data, list):
        return RejectReason.DATA_WRONG_KIND
    if not data:
        return RejectReason.DATA_EMPTY
    # One broken item is the ETL's business; an answer without any known item is nobody's feed.
    if not any(_is_identified(item, identity) for item in data):
        return RejectReason.DATA_UNKNOWN
    return None


def _is_identified(item: object, identity: tuple[str, ...]) -> bool:
    return isinstance(item, dict) and all(
        isinstance(item.get(name), str) and item[name] for name in identity
    )


def _timestamp_reason(
    timestamp: object, received_at_ms: Sequence[int], skew_ms: int
) -> RejectReason | None:
    # bool is an int in Python; `true` is no time.
    if not isinstance(timestamp, int) or isinstance(timestamp, bool):
        return RejectReason.TIMESTAMP_MISSING
    fits = any(abs(at_ms - timestamp) <= skew_ms for at_ms in received_at_ms)
    return None if fits else RejectReason.TIMESTAMP_OFF


def _deeper_than(document: object, max_depth: int) -> bool:
    """Whether containers nest deeper than `max_depth`; without recursion."""
    level = _containers([document])
    for _ in range(max_depth):
        if not level:
            return False
        level = [inner for outer in level for inner in _containers(_children(outer))]
    return bool(level)


def _containers(values: Iterable[object]) -> list[Container]:
    return [value for value in values if isinstance(value, dict | list)]


def _children(container: Container) -> Iterable[object]:
    return container.values() if isinstance(container, dict) else container
