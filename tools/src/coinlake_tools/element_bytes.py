"""The bytes of one element of an answer's `data`, as they came: nothing is parsed and printed anew."""

import json
import re

_SPACE = re.compile(r"[ \t\n\r]*")
_DECODER = json.JSONDecoder()


def element_bytes(body: bytes, index: int) -> bytes | None:
    """The element at a place of `data`; None where the body has none there.

    Of two keys `data` the last one counts, as for Python's json and for the job.
    """
    try:
        text = body.decode("utf-8-sig")
        spans = _data_spans(text)
    except (ValueError, RecursionError):
        return None
    if spans is None or not 0 <= index < len(spans):
        return None
    start, stop = spans[index]
    return text[start:stop].encode()


def _data_spans(text: str) -> list[tuple[int, int]] | None:
    """Where each element of `data` begins and ends. Raises ValueError where it is no JSON."""
    found: list[tuple[int, int]] | None = None
    at = _after(text, _skip(text, 0), "{")
    while text[at : at + 1] == '"':
        key, at = _DECODER.raw_decode(text, at)
        at = _skip(text, _after(text, _skip(text, at), ":"))
        if key == "data":
            found = _array_spans(text, at) if text[at : at + 1] == "[" else None
        _, at = _DECODER.raw_decode(text, at)
        at = _skip(text, at)
        if text[at : at + 1] != ",":
            break
        at = _skip(text, at + 1)
    _after(text, at, "}")
    return found


def _array_spans(text: str, at: int) -> list[tuple[int, int]]:
    spans = list[tuple[int, int]]()
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        _, stop = _DECODER.raw_decode(text, at)
        spans.append((at, stop))
        at = _skip(text, stop)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
    return spans


def _skip(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return at if space is None else space.end()


def _after(text: str, at: int, mark: str) -> int:
    """The place behind a mark, and behind the space after it. Raises ValueError where it is not there."""
    if text[at : at + 1] != mark:
        raise ValueError(f"no {mark} at character {at}")
    return _skip(text, at + 1)
