"""A result object in an S3 with memory, which answers as S3 does and fails as it is told."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from query_api.core.answers import ResultColumn, ResultObject

COLUMNS = (ResultColumn("n", "integer"), ResultColumn("text", "varchar"))
HEADER = b'"n","text"\n'


def line(number: int) -> bytes:
    return f'"{number}","row {number}"\n'.encode()


def object_of(count: int) -> bytes:
    return HEADER + b"".join(map(line, range(count)))


@dataclass
class FakeBody:
    """A body that gives at most `piece` bytes at a time, or all that there are where it is not told
    how many; it ends early where it is cut."""

    data: bytes
    piece: int
    is_cut: bool = False
    is_closed: bool = False

    async def read(self, size: int = -1) -> bytes:
        await asyncio.sleep(0)
        is_whole = size < 0
        taken = self.data if is_whole else self.data[: min(size, self.piece)]
        self.data = self.data[len(taken) :]
        if self.is_cut and (is_whole or not taken):
            raise OSError("the connection was reset")
        return taken

    def close(self) -> None:
        self.is_closed = True


@dataclass
class FakeS3:
    """One object. `cuts`: how many bytes come of each of the next answers."""

    data: bytes | None
    etag: str = "e1"
    piece: int = 1000
    cuts: list[int] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    bodies: list[FakeBody] = field(default_factory=list)

    async def get_object(self, **asked: str) -> dict[str, Any]:
        wanted, match = asked["Range"], asked.get("IfMatch")
        self.asked.append(wanted)
        if self.data is None:
            raise _refused("NoSuchKey", 404)
        if match not in (None, f'"{self.etag}"'):
            raise _refused("PreconditionFailed", 412)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        if int(first) >= len(self.data):
            raise _refused("InvalidRange", 416)
        end = min(int(last) + 1, len(self.data)) if last else len(self.data)
        part = self.data[int(first) : end]
        cut = self.cuts.pop(0) if self.cuts and not last else len(part)
        self.bodies.append(FakeBody(part[:cut], self.piece, is_cut=cut < len(part)))
        return {
            "ETag": f'"{self.etag}"',
            "ContentRange": f"bytes {first}-{end - 1}/{len(self.data)}",
            "ContentLength": len(part),
            "Body": self.bodies[-1],
        }


def source(rows: int | None = None) -> ResultObject:
    """The object before it is described; `rows` by Athena's statistics."""
    return ResultObject("execution-1", "s3://lake/results/x.csv", COLUMNS, "", 0, rows)


def _refused(code: str, status: int) -> ClientError:
    said = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(said, "GetObject")
