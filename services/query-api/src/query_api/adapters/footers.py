"""How large the columns of a Parquet object are: its footer, read by one ranged GET and kept by ETag."""

import asyncio
import io
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from coinlake.aws import open_client
from coinlake.outcomes import UnknownAnswerError, away, code_of
from coinlake.store import Listed
from query_api.core.estimate import ObjectSize

# An hour's footer has a few kilobytes: 30 columns and a row group or two.
_TAIL_BYTES = 64 * 1024
_END = 8  # the footer's length and the magic (Parquet format, "File format")
_MAX_KEPT = 4096


class Footers:
    """Sizes by key and ETag: objects never change under their ETag."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._kept: OrderedDict[tuple[str, str], ObjectSize] = OrderedDict()

    def known(self, of: Listed) -> ObjectSize | None:
        """What was read before."""
        found = self._kept.get((of.key, of.etag))
        if found is not None:
            self._kept.move_to_end((of.key, of.etag))
        return found

    async def size(self, of: Listed) -> ObjectSize:
        """The sizes of an object's columns; the whole object where it has no footer that can be read.

        Raises TransientError while S3 is away.
        """
        found = self.known(of)
        if found is None:
            found = await self._read(of)
            self._kept[of.key, of.etag] = found
            while len(self._kept) > _MAX_KEPT:
                self._kept.popitem(last=False)
        return found

    async def _read(self, of: Listed) -> ObjectSize:
        tail = await self._tail(of, min(of.size, _TAIL_BYTES))
        if tail[-4:] != b"PAR1":
            return ObjectSize(of.size)
        footer = int.from_bytes(tail[-_END:-4], "little") + _END
        if footer > of.size:
            return ObjectSize(of.size)
        if footer > len(tail):
            tail = await self._tail(of, footer)
        return await asyncio.to_thread(_sizes, tail, of.size)

    async def _tail(self, of: Listed, size: int) -> bytes:
        """The last bytes; none where the object was replaced since it was listed, or is gone."""
        with away(f"GET {of.key}"):
            try:
                answer = await self._client.get_object(
                    Bucket=self._bucket,
                    Key=of.key,
                    Range=f"bytes={of.size - size}-{of.size - 1}",
                    IfMatch=f'"{of.etag}"',
                )
            except ClientError as error:
                if code_of(error) in ("PreconditionFailed", "NoSuchKey", "InvalidRange"):
                    return b""
                raise
            async with answer["Body"] as stream:
                body: bytes = await stream.read()
            if len(body) != size:
                raise UnknownAnswerError(f"{len(body)} bytes came")
            return body


def _sizes(tail: bytes, whole: int) -> ObjectSize:
    try:
        found = pq.read_metadata(io.BytesIO(tail))
    except (pa.ArrowException, OSError):
        return ObjectSize(whole)
    chunks: dict[str, int] = {}
    for group in (found.row_group(number) for number in range(found.num_row_groups)):
        for chunk in (group.column(number) for number in range(group.num_columns)):
            name = chunk.path_in_schema.split(".", 1)[0].lower()
            chunks[name] = chunks.get(name, 0) + chunk.total_compressed_size
    return ObjectSize(whole, chunks, found.num_row_groups)


@asynccontextmanager
async def open_footers(bucket: str) -> AsyncIterator[Footers]:
    """A client of its own, for ranges."""
    async with open_client("s3") as client:
        yield Footers(client, bucket)
