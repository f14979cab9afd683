"""Puts an answer on the wire, and tells whether all of it got there."""

import asyncio
import gzip
from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import ClientError, web

from coincap_simulator.core.answers import HttpAnswer

# Above this size compression would hold up the event loop for milliseconds.
_COMPRESS_IN_THREAD = 64 * 1024
_CHUNK = 16 * 1024


@dataclass(frozen=True, slots=True)
class Manner:
    """How an answer travels. `cut`: half of the body, then the line is dropped."""

    chunked: bool = False
    cut: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivered:
    """`complete`: every byte left our buffers and the connection was still there."""

    response: web.StreamResponse
    complete: bool


async def deliver(request: web.Request, answer: HttpAnswer, manner: Manner) -> Delivered:
    """Send the answer, compressed when the client asked for it."""
    headers = {"Content-Type": answer.content_type, "Vary": "Accept-Encoding"}
    wire = answer.body
    if wire and accepts_gzip(request.headers.get("Accept-Encoding", "")):
        wire = await _compressed(wire)
        headers["Content-Encoding"] = "gzip"
    response = web.StreamResponse(status=answer.status, headers={**headers, **manner.headers})
    if manner.chunked:
        response.enable_chunked_encoding()
    else:
        response.content_length = len(wire)
    try:
        complete = await _write(request, response, wire, manner)
    except (ConnectionError, ClientError):
        complete = (
            False  # the client went away; the ledger says so, there is nothing else to do
        )
    return Delivered(response, complete)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the header names gzip and does not forbid it by q=0."""
    for item in accept_encoding.lower().split(","):
        coding, _, parameters = item.partition(";")
        if coding.strip() in ("gzip", "*"):
            quality = parameters.strip().removeprefix("q=")
            return not quality or float(quality if _is_number(quality) else 0) > 0
    return False


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).isdigit()


async def _compressed(body: bytes) -> bytes:
    if len(body) > _COMPRESS_IN_THREAD:
        return await asyncio.to_thread(gzip.compress, body, 6, mtime=0)
    return gzip.compress(body, 6, mtime=0)


async def _write(
    request: web.Request, response: web.StreamResponse, wire: bytes, manner: Manner
) -> bool:
    transport = request.transport
    if transport is None:
        return False
    # drain() must wait for the last byte, not for the buffer to fall below some mark.
    transport.set_write_buffer_limits(high=0)
    await response.prepare(request)
    if manner.cut:
        await response.write(wire[: len(wire) // 2])
        await request.writer.drain()
        transport.abort()
        return False
    for start in range(0, len(wire), _CHUNK if manner.chunked else max(1, len(wire))):
        await response.write(wire[start : start + _CHUNK] if manner.chunked else wire)
    await response.write_eof()
    await request.writer.drain()
    return request.transport is not None and not transport.is_closing()
