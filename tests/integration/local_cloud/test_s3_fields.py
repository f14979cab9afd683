"""Each S3 field that the cloud calls carried out has its effect; moto would pass over some."""

import base64
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .conftest import Cloud
from .s3_calls import BUCKET, crc32, get, put, refused


def test_what_an_object_says_of_itself_comes_back(cloud: Cloud) -> None:
    said: dict[str, Any] = {
        "CacheControl": "max-age=60",
        "ContentDisposition": 'attachment; filename="a"',
        "ContentEncoding": "gzip",
        "ContentLanguage": "de",
        "ContentType": "text/plain",
        "Metadata": {"batch": "7"},
    }
    put(cloud, "said", **said, Expires=datetime(2030, 1, 1, tzinfo=UTC), Tagging="a=1&b=2")

    got = get(cloud, "said")
    head = cloud.s3.head_object(Bucket=BUCKET, Key="said")

    assert {name: got[name] for name in said} == said
    assert {name: head[name] for name in said} == said
    assert got["ExpiresString"] == "Tue, 01 Jan 2030 00:00:00 GMT"
    assert got["TagCount"] == 2


def test_a_copy_keeps_or_replaces_what_its_source_says(cloud: Cloud) -> None:
    source = {"Bucket": BUCKET, "Key": "source"}
    put(cloud, "source", ContentType="text/plain", Metadata={"a": "1"}, Tagging="t=1")

    cloud.s3.copy_object(Bucket=BUCKET, Key="kept", CopySource=source)
    cloud.s3.copy_object(
        Bucket=BUCKET,
        Key="replaced",
        CopySource=source,
        MetadataDirective="REPLACE",
        TaggingDirective="REPLACE",
        ContentType="text/html",
        Metadata={"b": "2"},
    )

    kept, replaced = get(cloud, "kept"), get(cloud, "replaced")
    assert (kept["ContentType"], kept["Metadata"]) == ("text/plain", {"a": "1"})
    assert kept["TagCount"] == 1
    assert (replaced["ContentType"], replaced["Metadata"]) == ("text/html", {"b": "2"})
    assert "TagCount" not in replaced


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ({"CopySourceIfMatch": '"wrong"'}, "PreconditionFailed"),
        ({"CopySourceIfNoneMatch": "SOURCE"}, "PreconditionFailed"),
        ({"IfMatch": '"wrong"'}, "PreconditionFailed"),
        ({"IfNoneMatch": "*"}, "PreconditionFailed"),
    ],
)
def test_a_copy_whose_condition_fails_copies_nothing(
    cloud: Cloud, condition: dict[str, str], code: str
) -> None:
    etag = put(cloud, "from", b"new")["ETag"]
    put(cloud, "to", b"old")
    asked = {name: etag if value == "SOURCE" else value for name, value in condition.items()}

    said = refused(
        cloud.s3.copy_object, Bucket=BUCKET, Key="to", CopySource=f"{BUCKET}/from", **asked
    )

    assert said == code
    assert get(cloud, "to")["Body"].read() == b"old"


def test_a_copy_whose_conditions_hold_is_made(cloud: Cloud) -> None:
    source = put(cloud, "from", b"new")["ETag"]
    target = put(cloud, "to", b"old")["ETag"]

    cloud.s3.copy_object(
        Bucket=BUCKET,
        Key="to",
        CopySource=f"{BUCKET}/from",
        CopySourceIfMatch=source,
        CopySourceIfNoneMatch='"other"',
        IfMatch=target,
    )
    cloud.s3.copy_object(
        Bucket=BUCKET, Key="fresh", CopySource=f"{BUCKET}/from", IfNoneMatch="*"
    )

    assert get(cloud, "to")["Body"].read() == b"new"
    assert get(cloud, "fresh")["Body"].read() == b"new"


def test_reads_are_conditional(cloud: Cloud) -> None:
    etag = put(cloud, "read")["ETag"]
    past, future = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)

    for call in (cloud.s3.get_object, cloud.s3.head_object):
        where = {"Bucket": BUCKET, "Key": "read"}
        assert refused(call, **where, IfMatch='"x"') in ("PreconditionFailed", "412")
        assert refused(call, **where, IfNoneMatch=etag) == "304"
        assert refused(call, **where, IfModifiedSince=future) == "304"
        assert refused(call, **where, IfUnmodifiedSince=past) in ("PreconditionFailed", "412")
        call(**where, IfMatch=etag, IfNoneMatch='"x"')
        call(**where, IfModifiedSince=past)
        call(**where, IfUnmodifiedSince=future)


def test_a_read_may_be_of_a_range_and_under_other_headers(cloud: Cloud) -> None:
    put(cloud, "range", b"0123456789", ContentType="text/plain")

    got = get(cloud, "range", Range="bytes=2-4", ResponseContentType="a/b")
    other = get(
        cloud,
        "range",
        Range="bytes=-2",
        ResponseCacheControl="no-cache",
        ResponseContentDisposition="inline",
        ResponseContentEncoding="identity",
        ResponseContentLanguage="fr",
    )
    head = cloud.s3.head_object(Bucket=BUCKET, Key="range", Range="bytes=2-4")

    assert (got["Body"].read(), got["ContentRange"], got["ContentType"]) == (
        b"234",
        "bytes 2-4/10",
        "a/b",
    )
    assert other["Body"].read() == b"89"
    assert (other["CacheControl"], other["ContentDisposition"]) == ("no-cache", "inline")
    assert (other["ContentEncoding"], other["ContentLanguage"]) == ("identity", "fr")
    assert (head["ContentLength"], head["ContentRange"]) == (3, "bytes 2-4/10")


def _sums(body: bytes) -> dict[str, Any]:
    return {
        "ContentMD5": base64.b64encode(hashlib.md5(body).digest()).decode(),
        "ChecksumCRC32": crc32(body),
        "ChecksumSHA1": base64.b64encode(hashlib.sha1(body).digest()).decode(),
        "ChecksumSHA256": base64.b64encode(hashlib.sha256(body).digest()).decode(),
    }


@pytest.mark.parametrize(
    "name", ["ContentMD5", "ChecksumCRC32", "ChecksumSHA1", "ChecksumSHA256"]
)
def test_an_object_that_is_not_what_its_sum_says_is_refused(cloud: Cloud, name: str) -> None:
    put(cloud, "summed", **{name: _sums(b"abc")[name]})

    said = refused(
        cloud.s3.put_object,
        Bucket=BUCKET,
        Key="summed",
        Body=b"other",
        **{name: _sums(b"abc")[name]},
    )

    assert said == "BadDigest"
    assert get(cloud, "summed")["Body"].read() == b"abc"


def test_a_sum_comes_back_when_it_is_asked_for(cloud: Cloud) -> None:
    put(cloud, "sum-kept", ChecksumSHA256=_sums(b"abc")["ChecksumSHA256"])

    got = get(cloud, "sum-kept", ChecksumMode="ENABLED")

    assert got["ChecksumSHA256"] == _sums(b"abc")["ChecksumSHA256"]


def test_another_accounts_bucket_is_denied(cloud: Cloud) -> None:
    put(cloud, "mine")

    where = {"Bucket": BUCKET, "Key": "mine"}
    assert refused(cloud.s3.get_object, **where, ExpectedBucketOwner="9" * 12) == "AccessDenied"
    assert refused(cloud.s3.head_bucket, Bucket=BUCKET, ExpectedBucketOwner="9" * 12) == "403"
    cloud.s3.get_object(**where, ExpectedBucketOwner="123456789012")


def _keys(told: Any) -> list[str]:
    return [one["Key"] for one in told.get("Contents", [])]


def test_lists_are_narrowed_folded_and_paged(cloud: Cloud) -> None:
    for key in ("l/a", "l/b/1", "l/b/2", "l/c d", "l/e"):
        put(cloud, key)
    where = {"Bucket": BUCKET, "Prefix": "l/"}

    folded = cloud.s3.list_objects_v2(**where, Delimiter="/")
    after = cloud.s3.list_objects_v2(**where, StartAfter="l/b/1")
    first = cloud.s3.list_objects_v2(**where, MaxKeys=2, FetchOwner=True)
    second = cloud.s3.list_objects_v2(**where, ContinuationToken=first["NextContinuationToken"])
    old = cloud.s3.list_objects(**where, Marker="l/b/2", MaxKeys=1, Delimiter="/")

    assert (_keys(folded), folded["CommonPrefixes"]) == (
        ["l/a", "l/c d", "l/e"],
        [{"Prefix": "l/b/"}],
    )
    assert _keys(after) == ["l/b/2", "l/c d", "l/e"]
    assert (_keys(first), _keys(second)) == (["l/a", "l/b/1"], ["l/b/2", "l/c d", "l/e"])
    assert first["Contents"][0]["Owner"]["ID"]
    assert _keys(old) == ["l/c d"]
    assert old["IsTruncated"]


def test_versions_are_kept_read_and_deleted(cloud: Cloud) -> None:
    cloud.s3.create_bucket(Bucket="versioned")
    cloud.s3.put_bucket_versioning(
        Bucket="versioned", VersioningConfiguration={"Status": "Enabled"}
    )
    where = {"Bucket": "versioned", "Key": "k"}
    one = cloud.s3.put_object(**where, Body=b"1")["VersionId"]
    two = cloud.s3.put_object(**where, Body=b"2")["VersionId"]

    first = cloud.s3.get_object(**where, VersionId=one)["Body"].read()
    copied = {"Bucket": "versioned", "Key": "k", "VersionId": one}
    cloud.s3.copy_object(Bucket="versioned", Key="old", CopySource=copied)
    listed = cloud.s3.list_object_versions(Bucket="versioned", Prefix="k")
    cloud.s3.delete_object(**where, VersionId=two)
    gone = cloud.s3.delete_objects(
        Bucket="versioned", Delete={"Objects": [{"Key": "k", "VersionId": one}], "Quiet": True}
    )

    assert first == b"1"
    assert cloud.s3.get_object(Bucket="versioned", Key="old")["Body"].read() == b"1"
    assert [version["VersionId"] for version in listed["Versions"]] == [two, one]
    assert "Deleted" not in gone
    assert refused(cloud.s3.get_object, **where) == "NoSuchKey"
    assert cloud.s3.get_bucket_versioning(Bucket="versioned")["Status"] == "Enabled"


def test_a_bucket_is_where_it_was_made(cloud: Cloud) -> None:
    where = {"LocationConstraint": "eu-central-1"}
    cloud.s3.create_bucket(Bucket="far", CreateBucketConfiguration=where)

    assert cloud.s3.get_bucket_location(Bucket="far")["LocationConstraint"] == "eu-central-1"
