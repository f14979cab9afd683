"""The Glue job, which Spark does once for each batch: after that its output is what it was.

A run is a process of the local Glue as ever, reads the manifest, stages its own attempt's objects by
PUT and puts the result if there is none. The bytes are those that a real run of the same batch has
staged, but for the attempt's name in them: the same raw objects by key and ETag, the same code. A proof at some hundred moments of one
batch needs that; the tests of Spark itself run the job as it is.
"""

import argparse
import hashlib
import sys
from typing import Any

from coinlake.contracts.ledger import result_key, staging_prefix
from coinlake_job import lake

RECORDED = "recorded/"


def _arguments(argv: list[str]) -> tuple[str, str, str]:
    parser = argparse.ArgumentParser()
    for name in ("manifest", "batch_id", "attempt"):
        parser.add_argument(f"--{name}", required=True)
    found, _ = parser.parse_known_args(argv)
    return found.manifest.split("/")[2], found.batch_id, found.attempt


def run(argv: list[str]) -> None:
    """Do what a run does, from its record if there is one; else with Spark, and record it."""
    bucket, batch_id, attempt = _arguments(argv)
    s3, prefix = lake.client(), f"{RECORDED}{batch_id}/"
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    if not listed:
        from coinlake_job.rebuild import main  # PySpark, which a recorded run does not need

        main(argv)
        _record(s3, bucket, batch_id, attempt)
        return
    bodies = {
        item["Key"].removeprefix(prefix): s3.get_object(Bucket=bucket, Key=item["Key"])[
            "Body"
        ].read()
        for item in listed
    }
    (done_as,) = {name.partition("/")[0] for name in bodies}
    result = bodies.pop(f"{done_as}/result.json").replace(done_as.encode(), attempt.encode())
    for name, body in bodies.items():
        staged = f"{staging_prefix(batch_id, attempt)}{name.removeprefix(f'{done_as}/')}"
        # The attempt is in the metadata of each file, and all attempts are of one length.
        mine = body.replace(done_as.encode(), attempt.encode())
        s3.put_object(Bucket=bucket, Key=staged, Body=mine)
        result = result.replace(_md5(body), _md5(mine))
    lake.put_result(s3, lake.Batch(bucket, batch_id, attempt), result)


def _md5(body: bytes) -> bytes:
    return hashlib.md5(body, usedforsecurity=False).hexdigest().encode()


def _record(s3: Any, bucket: str, batch_id: str, attempt: str) -> None:
    """Keep what the run has staged, if its result is the one that counts."""

    def body_of(key: str) -> bytes:
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    result = body_of(result_key(batch_id))
    if attempt.encode() not in result:
        return
    prefix = staging_prefix(batch_id, attempt)
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])
    kept = {item["Key"].removeprefix(prefix): body_of(item["Key"]) for item in listed}
    for name, body in {**kept, "result.json": result}.items():
        s3.put_object(Bucket=bucket, Key=f"{RECORDED}{batch_id}/{attempt}/{name}", Body=body)


if __name__ == "__main__":
    run(sys.argv[1:])
