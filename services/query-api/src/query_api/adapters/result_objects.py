"""Athena's result objects in S3, read in blocks of whole rows."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from botocore.exceptions import ClientError

from coinlake.aws import open_client
from coinlake.errors import TransientError
from coinlake.outcomes import UnknownAnswerError, away, code_of
from query_api.core.answers import Place, ResultObject
from query_api.core.problems import result_damaged, result_gone, result_too_large
from query_api.core.result_csv import Block, BlockCutter, DamagedResultError

_READ_BYTES = 256 * 1024
# Tries without one new byte; then the source is away.
_TRIES = 3
# What S3 says where the object is not there, or is another by now (S3 API, GetObject).
_GONE = frozenset({"NoSuchKey", "PreconditionFailed", "InvalidRange", "InvalidObjectState"})


@dataclass(frozen=True, slots=True)
class Begun:
    """A result object that was described by reading its first bytes, `head`."""

    source: ResultObject
    head: bytes


class ResultObjects:
    """Reads result objects. Each is written once by Athena, and read by its ETag."""

    def __init__(self, client: Any, max_bytes: int) -> None:
        self._client = client
        self._max_bytes = max_bytes

    async def described(self, source: ResultObject) -> ResultObject:
        """The same with its ETag and size.

        Raises ProblemError where it is not there, or larger than the service reads.
        """
        return (await self._first(source, 1)).source

    async def begun(self, source: ResultObject) -> Begun:
        """The same with its first bytes, as `blocks` takes them: a small object is one call.

        Raises as `described` does.
        """
        return await self._first(source, _READ_BYTES)

    async def _first(self, source: ResultObject, count: int) -> Begun:
        async with self._opened(source, f"0-{count - 1}") as found:
            with away(f"GET {source.location}"):
                head = await found["Body"].read()
                size = int(found["ContentRange"].rpartition("/")[2])
                etag = str(found["ETag"]).strip('"')
                if len(head) != min(count, size):
                    raise UnknownAnswerError(f"{len(head)} first bytes of {size}")
        if size > self._max_bytes:
            raise result_too_large(f"more than {self._max_bytes} bytes")
        return Begun(replace(source, etag=etag, size=size), head)

    async def blocks(
        self, source: ResultObject, at: Place, head: bytes = b""
    ) -> AsyncGenerator[Block]:
        """The rows from `at` on, of a source that was described; its first bytes, where they are
        here, are not read again. A connection that ends early is taken up where it ended.

        Raises ProblemError where the object is gone or damaged, TransientError where S3 is away.
        """
        cutter = BlockCutter(source.columns, at.byte)
        try:
            known = head[at.byte :]
            if known and (block := cutter.fed(known)):
                yield block
            async with aclosing(self._pieces(source, at.byte + len(known))) as pieces:
                async for piece in pieces:
                    if block := cutter.fed(piece):
                        yield block
            if block := cutter.last():
                yield block
        except DamagedResultError as error:
            raise result_damaged(str(error)) from error

    async def _pieces(self, source: ResultObject, start: int) -> AsyncGenerator[bytes]:
        """All bytes from `start` to the object's end, of one ETag."""
        at, failures = start, 0
        while at < source.size:
            before = at
            try:
                async with self._opened(source, f"{at}-") as found:
                    while piece := await self._piece(source, at, found):
                        at += len(piece)
                        yield piece
            except TransientError:
                failures = failures + 1 if at == before else 1
                if failures >= _TRIES:
                    raise

    async def _piece(self, source: ResultObject, at: int, found: Any) -> bytes:
        with away(f"GET {source.location}"):
            piece: bytes = await found["Body"].read(_READ_BYTES)
            if at + len(piece) > source.size or (not piece and at < source.size):
                raise UnknownAnswerError(f"a body that does not end at {source.size}")
            return piece

    @asynccontextmanager
    async def _opened(self, source: ResultObject, wanted: str) -> AsyncIterator[Any]:
        bucket, key = _place(source.location)
        match = {"IfMatch": f'"{source.etag}"'} if source.etag else {}
        with _asked(source.location):
            found = await self._client.get_object(
                Bucket=bucket, Key=key, Range=f"bytes={wanted}", **match
            )
            try:
                _check_part(found, source, wanted)
            except BaseException:
                found["Body"].close()
                raise
        try:
            yield found
        finally:
            # Bytes that nobody wants any more are not waited for.
            found["Body"].close()


def _place(location: str) -> tuple[str, str]:
    parts = urlsplit(location)
    if parts.scheme != "s3" or not parts.path.strip("/"):
        raise result_damaged("Athena names no object for it")
    return parts.netloc, parts.path.lstrip("/")


def _check_part(found: Any, source: ResultObject, wanted: str) -> None:
    """Whether this is the part that was asked for (S3 API, GetObject: ContentRange, ETag)."""
    first, _, total = str(found["ContentRange"]).removeprefix("bytes ").partition("/")
    start, _, end = wanted.partition("-")
    last = int(total) - 1
    expected = f"{start}-{min(int(end), last) if end else last}"
    if first != expected or (source.etag and str(found["ETag"]).strip('"') != source.etag):
        raise UnknownAnswerError(f"another part, or of another object: {first}")


@contextmanager
def _asked(location: str) -> Iterator[None]:
    """One call: ProblemError where S3 says that there is no such object, else TransientError."""
    with away(f"GET {location}"):
        try:
            yield
        except ClientError as error:
            if code_of(error) in _GONE:
                raise result_gone() from error
            raise


@asynccontextmanager
async def open_result_objects(max_bytes: int) -> AsyncIterator[ResultObjects]:
    """A client for the life of the service."""
    async with open_client("s3") as client:
        yield ResultObjects(client, max_bytes)
