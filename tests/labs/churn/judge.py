"""Whether the lake has what Kafka has: the audit, and two multisets that share no code with it."""

import asyncio
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import boto3

from tests import raw_reader
from tests.labs.churn.load import Digests, digest

ROOT = Path(__file__).resolve().parents[3]
_PARTITION = re.compile(r"/\d+-(\d+)-\d{20}\.json\.gz$")


async def audited(environ: Mapping[str, str], topic: str, wait_s: float) -> tuple[int, str]:
    """Exit code and text of `coinlake audit --deep`, as an operator would run it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "coinlake_tools",
        "audit",
        f"--topic={topic}",
        "--deep",
        f"--wait={wait_s}",
        cwd=ROOT,
        env=dict(environ),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


def in_raw(environ: Mapping[str, str], topic: str) -> tuple[Digests, int]:
    """How often raw has each record, read without any code of coinlake; the number of objects."""
    found: Digests = Counter()
    objects = 0
    for key, body in objects_of(environ, f"raw/{topic}/"):
        match = _PARTITION.search(key)
        assert match, key
        objects += 1
        found.update(
            (int(match[1]), digest(r.offset, r.timestamp_ms, r.key, r.value, r.headers))
            for r in raw_reader.read(body).rows
        )
    return found, objects


def objects_of(environ: Mapping[str, str], prefix: str) -> Iterator[tuple[str, bytes]]:
    """Key and body of everything below a prefix."""
    client = boto3.client(
        "s3",
        endpoint_url=environ["AWS_ENDPOINT_URL"],
        aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
        region_name=environ["AWS_DEFAULT_REGION"],
    )
    bucket = environ["COINLAKE_BUCKET"]
    try:
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        for item in (item for page in pages for item in page.get("Contents", ())):
            answer = client.get_object(Bucket=bucket, Key=item["Key"])
            yield item["Key"], answer["Body"].read()
    finally:
        client.close()
