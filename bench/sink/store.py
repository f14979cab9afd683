"""The S3 server of the bench, versitygw on a folder, and what a writer left in it."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import boto3
from botocore.config import Config

from bench.sink.job import ACCESS_KEY, REGION, SECRET_KEY
from local_stack.ports import HOST, free_ports, taken

_READY_S = 20.0


class StoreError(Exception):
    """The S3 server does not start."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One object."""

    key: str
    size: int


class Objects(Protocol):
    """What is read of a store to judge a writer."""

    def objects(self, bucket: str) -> Iterator[Stored]:
        """All that the bucket holds, by key."""
        ...

    def read(self, bucket: str, key: str) -> bytes: ...


class Store:
    """The server's buckets, over S3 as any reader would see them."""

    def __init__(self, endpoint: str, folder: Path) -> None:
        self.endpoint = endpoint
        self._folder = folder
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=endpoint,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name=REGION,
            config=Config(s3={"addressing_style": "path"}),
        )

    def make(self, bucket: str) -> None:
        self._client.create_bucket(Bucket=bucket)

    def objects(self, bucket: str) -> Iterator[Stored]:
        """All that the bucket holds, by key."""
        for page in self._client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
            for item in page.get("Contents", ()):
                yield Stored(item["Key"], item["Size"])

    def read(self, bucket: str, key: str) -> bytes:
        body: bytes = self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def put(self, bucket: str, key: str, body: bytes) -> str:
        """Store an object; its ETag, without quotes."""
        answer = self._client.put_object(Bucket=bucket, Key=key, Body=body)
        return str(answer["ETag"]).strip('"')

    def etag(self, bucket: str, key: str) -> str:
        """The ETag of an object, without quotes."""
        return str(self._client.head_object(Bucket=bucket, Key=key)["ETag"]).strip('"')

    def drop(self, bucket: str) -> None:
        """Forget a bucket: the disk must hold one writer's objects at a time, not all."""
        shutil.rmtree(self._folder / bucket)


@contextmanager
def open_store(binary: str, folder: Path) -> Iterator[Store]:
    """The server for the length of a block, its data in a folder that is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (port,) = free_ports(1)
    keys = {"ROOT_ACCESS_KEY": ACCESS_KEY, "ROOT_SECRET_KEY": SECRET_KEY}
    process = subprocess.Popen(
        [binary, "--port", f"{HOST}:{port}", "posix", str(folder)],
        env={**keys, "PATH": "/usr/bin:/bin"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield Store(f"http://{HOST}:{port}", folder)
    finally:
        process.terminate()
        process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _READY_S
    while not taken([port]):
        if process.poll() is not None or time.monotonic() > deadline:
            raise StoreError(f"versitygw did not start (exit code {process.poll()})")
        time.sleep(0.05)
