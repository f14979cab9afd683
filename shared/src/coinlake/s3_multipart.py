"""A copy of one object to another key in parts, all of it within S3."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any

from coinlake.errors import TransientError

# Each is copied within the time that a call has, and far above the least that S3 takes, 5 MiB (S3
# user guide, "Amazon S3 multipart upload limits").
PART_BYTES = 128 * 1024 * 1024

Asked = Callable[[str, str], AbstractContextManager[Any]]
"""What a call may come to, by its verb and its key."""


class MultipartCopy:
    """One upload of which every part is a range of an object that is there."""

    def __init__(self, client: Any, bucket: str, key: str, asked: Asked) -> None:
        self._client = client
        self._asked = asked
        self._at = {"Bucket": bucket, "Key": key}
        self._key = key
        self._parts: list[dict[str, Any]] = []

    @asynccontextmanager
    async def begun(
        self, metadata: Mapping[str, str], content_type: str
    ) -> AsyncIterator[None]:
        """An upload that is removed where it does not come to its end: its parts are billed."""
        with self._asked("CREATE", self._key):
            made = await self._client.create_multipart_upload(
                **self._at, Metadata=dict(metadata), ContentType=content_type
            )
            self._at["UploadId"] = made["UploadId"]
        try:
            yield
        except BaseException:
            await self._abort()
            raise

    async def take(self, source: str, etag: str, size: int) -> None:
        """Copy all parts of the object with this ETag. Raises TransientError where it is another."""
        for number, (first, last) in enumerate(ranges(size), 1):
            with self._asked("COPY", source):
                copied = await self._client.upload_part_copy(
                    **self._at,
                    PartNumber=number,
                    CopySource={"Bucket": self._at["Bucket"], "Key": source},
                    CopySourceIfMatch=f'"{etag}"',
                    CopySourceRange=f"bytes={first}-{last}",
                )
                found = copied["CopyPartResult"]["ETag"]
            self._parts.append({"PartNumber": number, "ETag": found})

    async def complete(self, condition: Mapping[str, str]) -> str:
        """Let the object be there, if the condition holds; its ETag, in quotes.

        What fails after 200 was said is in the body (S3 API, CompleteMultipartUpload); botocore
        raises for it (botocore 1.43, handlers.py: check_for_200_error).
        """
        done = await self._client.complete_multipart_upload(
            **self._at, MultipartUpload={"Parts": self._parts}, **condition
        )
        return str(done["ETag"])

    async def _abort(self) -> None:
        try:
            with self._asked("ABORT", self._key):
                await self._client.abort_multipart_upload(**self._at)
        except TransientError:
            # It was completed and nobody heard of it, or the bucket's lifecycle removes it.
            return


def ranges(size: int) -> Iterator[tuple[int, int]]:
    """The first and the last byte of each part."""
    for first in range(0, size, PART_BYTES):
        yield first, min(first + PART_BYTES, size) - 1
