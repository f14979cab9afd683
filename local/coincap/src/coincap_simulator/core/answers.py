"""What an answer is: status, media type and bytes; and the envelopes that v3 wraps data in."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

JSON = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """An HTTP answer before transport: `body` is what the client must end up with."""

    status: int
    body: bytes
    content_type: str = JSON


class BadParameterError(ValueError):
    """The query asks for something that CoinCap answers with 400."""


def json_answer(value: object, status: int = 200) -> HttpAnswer:
    """Compact JSON, raw UTF-8, no newline at the end, keys in the order given."""
    return HttpAnswer(status, orjson.dumps(value))


def stamped_first(data: object, now_ms: int) -> HttpAnswer:
    """The envelope of `/assets*`: timestamp before data."""
    return json_answer({"timestamp": now_ms, "data": data})


def stamped_last(data: object, now_ms: int) -> HttpAnswer:
    """The envelope of exchanges, markets and rates: data before timestamp."""
    return json_answer({"data": data, "timestamp": now_ms})


def error(text: str, status: int, now_ms: int | None = None) -> HttpAnswer:
    """An error body. Only `/assets*` puts a timestamp into it."""
    body: Mapping[str, object] = {"error": text}
    if now_ms is not None:
        body = {**body, "timestamp": now_ms}
    return json_answer(body, status)


def bad_parameters() -> HttpAnswer:
    """The 400 of the vendor's specification."""
    return error("Invalid query parameters", 400)
