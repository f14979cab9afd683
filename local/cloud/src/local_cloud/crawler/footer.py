"""Reads the footer of a Parquet object with range GETs, and nothing else of it."""

import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from local_cloud.crawler.schema import SchemaConflictError


class RangeFile(io.RawIOBase):
    """A seekable file over one S3 object; each read is one GET of its range."""

    def __init__(self, s3: Any, bucket: str, key: str, size: int) -> None:
        super().__init__()
        self._s3, self._bucket, self._key, self._size = s3, bucket, key, size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        span = f"bytes={self._at}-{self._at + wanted - 1}"
        answer = self._s3.get_object(Bucket=self._bucket, Key=self._key, Range=span)
        data = answer["Body"].read()
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def footer(s3: Any, bucket: str, key: str, size: int) -> tuple[pa.Schema, int]:
    """Schema and number of rows; SchemaConflictError if the object is no Parquet."""
    try:
        with pa.PythonFile(RangeFile(s3, bucket, key, size), mode="r") as file:
            metadata = pq.read_metadata(file)
    except pa.ArrowInvalid as error:
        raise SchemaConflictError(f"s3://{bucket}/{key} is no Parquet: {error}") from error
    return metadata.schema.to_arrow_schema(), metadata.num_rows
