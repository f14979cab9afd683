"""Uploads in parts: what they keep, what is checked, and what their completion may say."""

import base64
import hashlib
import io
from typing import Any

import pytest

from .conftest import Cloud
from .s3_calls import BUCKET, crc32, get, put, refused

PART = 5 * 2**20


def _upload(cloud: Cloud, key: str, **more: Any) -> tuple[dict[str, str], list[Any]]:
    """A multipart upload with two parts that waits for its completion."""
    begun = cloud.s3.create_multipart_upload(Bucket=BUCKET, Key=key, **more)
    where = {"Bucket": BUCKET, "Key": key, "UploadId": begun["UploadId"]}
    parts = []
    for number, body in ((1, b"a" * PART), (2, b"b")):
        made = cloud.s3.upload_part(**where, PartNumber=number, Body=body)
        parts.append({"PartNumber": number, "ETag": made["ETag"]})
    return where, parts


def test_parts_make_one_object_with_what_was_said_at_its_beginning(cloud: Cloud) -> None:
    where, parts = _upload(
        cloud,
        "parts",
        ContentType="text/plain",
        CacheControl="no-store",
        ContentEncoding="gzip",
        ContentLanguage="de",
        ContentDisposition="inline",
        Metadata={"a": "1"},
        Tagging="t=1",
    )
    page = cloud.s3.list_parts(**where, MaxParts=1)
    rest = cloud.s3.list_parts(**where, PartNumberMarker=page["NextPartNumberMarker"])
    alive = cloud.s3.list_multipart_uploads(Bucket=BUCKET, Prefix="parts")["Uploads"]

    cloud.s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})

    got = get(cloud, "parts")
    assert [one["PartNumber"] for one in page["Parts"] + rest["Parts"]] == [1, 2]
    assert [one["Key"] for one in alive] == ["parts"]
    assert got["ContentLength"] == PART + 1
    assert (got["ContentType"], got["CacheControl"]) == ("text/plain", "no-store")
    assert (got["ContentEncoding"], got["ContentLanguage"]) == ("gzip", "de")
    assert (got["ContentDisposition"], got["Metadata"]) == ("inline", {"a": "1"})
    assert got["TagCount"] == 1


def test_a_part_that_is_not_what_its_sum_says_is_refused(cloud: Cloud) -> None:
    where, _ = _upload(cloud, "bad-part")

    said = refused(
        cloud.s3.upload_part, **where, PartNumber=3, Body=b"x", ChecksumCRC32=crc32(b"y")
    )

    assert said == "BadDigest"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"IfNoneMatch": "*"}, "PreconditionFailed"),
        ({"IfMatch": '"wrong"'}, "PreconditionFailed"),
    ],
)
def test_an_upload_whose_condition_fails_replaces_nothing(
    cloud: Cloud, wrong: dict[str, Any], code: str
) -> None:
    put(cloud, "there", b"old")
    where, parts = _upload(cloud, "there")

    said = refused(
        cloud.s3.complete_multipart_upload, **where, MultipartUpload={"Parts": parts}, **wrong
    )

    assert said == code
    assert get(cloud, "there")["Body"].read() == b"old"


@pytest.mark.parametrize("wrong", [{"ETag": '"wrong"'}, {"ChecksumCRC32": crc32(b"wrong")}])
def test_an_upload_of_parts_that_are_not_those_is_refused(
    cloud: Cloud, wrong: dict[str, str]
) -> None:
    where, parts = _upload(cloud, "other-parts", ChecksumAlgorithm="CRC32")
    parts[1] |= wrong

    said = refused(
        cloud.s3.complete_multipart_upload, **where, MultipartUpload={"Parts": parts}
    )

    assert said == "InvalidPart"


def test_a_part_may_be_copied_from_a_range_of_what_it_was(cloud: Cloud) -> None:
    etag = put(cloud, "whole", b"0123456789")["ETag"]
    begun = cloud.s3.create_multipart_upload(Bucket=BUCKET, Key="copied")
    where = {"Bucket": BUCKET, "Key": "copied", "UploadId": begun["UploadId"], "PartNumber": 1}
    source = {"CopySource": f"{BUCKET}/whole", "CopySourceRange": "bytes=2-4"}

    said = refused(cloud.s3.upload_part_copy, **where, **source, CopySourceIfMatch='"x"')
    made = cloud.s3.upload_part_copy(**where, **source, CopySourceIfMatch=etag)

    parts = [{"PartNumber": 1, "ETag": made["CopyPartResult"]["ETag"]}]
    del where["PartNumber"]
    cloud.s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})
    assert said == "PreconditionFailed"
    assert get(cloud, "copied")["Body"].read() == b"234"


def test_the_sum_of_an_upload_is_that_of_its_parts_sums(cloud: Cloud) -> None:
    begun = cloud.s3.create_multipart_upload(
        Bucket=BUCKET, Key="sum-of-sums", ChecksumAlgorithm="SHA256"
    )
    where = {"Bucket": BUCKET, "Key": "sum-of-sums", "UploadId": begun["UploadId"]}
    bodies, parts = [b"a" * PART, b"b"], []
    for number, body in enumerate(bodies, 1):
        made = cloud.s3.upload_part(
            **where, PartNumber=number, Body=body, ChecksumAlgorithm="SHA256"
        )
        told = {name: made[name] for name in ("ETag", "ChecksumSHA256")}
        parts.append({"PartNumber": number, **told})

    cloud.s3.complete_multipart_upload(**where, MultipartUpload={"Parts": parts})

    got = get(cloud, "sum-of-sums", ChecksumMode="ENABLED")
    joined = b"".join(hashlib.sha256(body).digest() for body in bodies)
    expected = base64.b64encode(hashlib.sha256(joined).digest()).decode()
    assert got["ChecksumSHA256"] == f"{expected}-2"
    assert got["ChecksumType"] == "COMPOSITE"


@pytest.mark.parametrize("kind", ["CRC32", "SHA1", "SHA256"])
def test_a_client_that_checks_every_sum_reads_what_it_wrote_in_parts(
    cloud: Cloud, kind: str
) -> None:
    body = bytes(range(256)) * 40_000
    name = f"checked-{kind}"
    extra = {"ChecksumAlgorithm": kind}
    cloud.s3.upload_fileobj(io.BytesIO(body), BUCKET, name, ExtraArgs=extra)

    found = io.BytesIO()
    cloud.s3.download_fileobj(BUCKET, name, found)

    assert found.getvalue() == body
