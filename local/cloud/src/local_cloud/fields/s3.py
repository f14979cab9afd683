"""The fields of the S3 operations that are done here: by moto, behind the checks of `s3_front`."""

from local_cloud.fields.declaration import Fields, Service, fields

OPERATIONS = frozenset(
    [
        "ListBuckets",
        "CreateBucket",
        "HeadBucket",
        "DeleteBucket",
        "GetBucketLocation",
        "GetBucketVersioning",
        "PutBucketVersioning",
        "ListObjects",
        "ListObjectsV2",
        "ListObjectVersions",
        "PutObject",
        "GetObject",
        "HeadObject",
        "CopyObject",
        "DeleteObject",
        "DeleteObjects",
        "CreateMultipartUpload",
        "UploadPart",
        "UploadPartCopy",
        "CompleteMultipartUpload",
        "AbortMultipartUpload",
        "ListParts",
        "ListMultipartUploads",
    ]
)
# Checked in `s3_front`: another account's number is AccessDenied, as on S3 (S3 API, HeadObject:
# ExpectedBucketOwner).
_OWNER = "ExpectedBucketOwner"
_SUMS = "ChecksumCRC32 ChecksumCRC32C ChecksumCRC64NVME ChecksumSHA1 ChecksumSHA256"
_OTHER_SUMS = "ChecksumSHA512 ChecksumMD5 ChecksumXXHASH64 ChecksumXXHASH3 ChecksumXXHASH128"
_ALGORITHMS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")
_WHERE = f"Bucket Key {_OWNER}"

_PAYER = {"RequestPayer": "one account is here, and it pays for every request"}
_SSE = (
    "ServerSideEncryption SSECustomerAlgorithm SSECustomerKey SSECustomerKeyMD5 SSEKMSKeyId "
    "SSEKMSEncryptionContext BucketKeyEnabled"
)
_SSE_READ = "SSECustomerAlgorithm SSECustomerKey SSECustomerKeyMD5"
_PLAIN = "objects are not encrypted here"
_ACL = "access lists are not enforced here"
_LOCK = "objects cannot be locked here"
_MFA = "there are no devices to ask"
_SUM = "this checksum is not computed here"
_WEBSITE = "buckets are no web sites here"
_GRANTS = "GrantFullControl GrantRead GrantReadACP GrantWriteACP"
_LOCKS = (
    "ObjectLockMode ObjectLockRetainUntilDate ObjectLockLegalHoldStatus ObjectLockEventHold "
    "ObjectLockEventHoldDurationDays ObjectLockEventHoldDurationYears"
)
_HEADERS = "CacheControl ContentDisposition ContentEncoding ContentLanguage ContentType"
# What a new object is given, whether by PutObject, CopyObject or parts.
_MADE_VALUES: dict[str, tuple[object, ...]] = {
    # Both say what is so without them: the one account owns and reads everything.
    "ACL": ("private", "bucket-owner-full-control"),
    "StorageClass": ("STANDARD",),
    "ChecksumAlgorithm": _ALGORITHMS,
}
_MADE_REFUSED = {
    _GRANTS: _ACL,
    _SSE: _PLAIN,
    _LOCKS: _LOCK,
    "WebsiteRedirectLocation": _WEBSITE,
}

_BUCKETS: dict[str, Fields] = {
    "ListBucketsRequest": fields(
        refused={
            "MaxBuckets ContinuationToken Prefix BucketRegion": "every bucket is listed at once"
        }
    ),
    "CreateBucketRequest": fields(
        "Bucket CreateBucketConfiguration",
        values={
            "ACL": ("private",),
            "ObjectLockEnabledForBucket": (False,),
            "ObjectOwnership": ("BucketOwnerEnforced",),
        },
        refused={
            f"{_GRANTS} GrantWrite": _ACL,
            "BucketNamespace": "buckets have one name space here",
        },
    ),
    "CreateBucketConfiguration": fields(
        "LocationConstraint",
        refused={
            "Location Bucket": "directory buckets are not there",
            "Tags": "tags of buckets are not there",
        },
    ),
    "HeadBucketRequest": fields(f"Bucket {_OWNER}"),
    "DeleteBucketRequest": fields(f"Bucket {_OWNER}"),
    "GetBucketLocationRequest": fields(f"Bucket {_OWNER}"),
    "GetBucketVersioningRequest": fields(f"Bucket {_OWNER}"),
    "PutBucketVersioningRequest": fields(
        f"Bucket ContentMD5 VersioningConfiguration {_OWNER}",
        values={"ChecksumAlgorithm": _ALGORITHMS},
        refused={"MFA": _MFA},
    ),
    "VersioningConfiguration": fields(
        values={"Status": ("Enabled", "Suspended"), "MFADelete": ("Disabled",)}
    ),
}

# Only objects of an archiving class have it (S3 API, Object: RestoreStatus), and none is of one here.
_RESTORED = ("RestoreStatus",)
_LISTS: dict[str, Fields] = {
    "ListObjectsRequest": fields(
        f"Bucket Delimiter Marker MaxKeys Prefix {_OWNER}",
        values={"EncodingType": ("url",), "OptionalObjectAttributes": _RESTORED},
        neutral=_PAYER,
    ),
    "ListObjectsV2Request": fields(
        f"Bucket Delimiter MaxKeys Prefix ContinuationToken FetchOwner StartAfter {_OWNER}",
        values={"EncodingType": ("url",), "OptionalObjectAttributes": _RESTORED},
        neutral=_PAYER,
    ),
    "ListObjectVersionsRequest": fields(
        f"Bucket Delimiter KeyMarker MaxKeys Prefix VersionIdMarker {_OWNER}",
        values={"EncodingType": ("url",), "OptionalObjectAttributes": _RESTORED},
        neutral=_PAYER,
    ),
}

_OBJECTS: dict[str, Fields] = {
    "PutObjectRequest": fields(
        f"{_WHERE} {_HEADERS} {_SUMS} Body ContentLength ContentMD5 Expires IfMatch Metadata "
        "Tagging",
        # "Uploads the object only if the object key name does not already exist … Expects the
        # '*' character" (S3 API, PutObject: If-None-Match).
        values={**_MADE_VALUES, "IfNoneMatch": ("*",)},
        neutral=_PAYER,
        refused={
            **_MADE_REFUSED,
            _OTHER_SUMS: _SUM,
            "WriteOffsetBytes": "directory buckets are not there",
        },
    ),
    "GetObjectRequest": fields(
        f"{_WHERE} IfMatch IfModifiedSince IfNoneMatch IfUnmodifiedSince Range VersionId "
        "ResponseCacheControl ResponseContentDisposition ResponseContentEncoding "
        "ResponseContentLanguage ResponseContentType ResponseExpires",
        values={"ChecksumMode": ("ENABLED",)},
        neutral=_PAYER,
        refused={_SSE_READ: _PLAIN, "PartNumber": "an object's parts are not kept apart"},
    ),
    "HeadObjectRequest": fields(
        f"{_WHERE} IfMatch IfModifiedSince IfNoneMatch IfUnmodifiedSince Range VersionId",
        values={"ChecksumMode": ("ENABLED",)},
        neutral=_PAYER,
        refused={
            _SSE_READ: _PLAIN,
            "PartNumber": "an object's parts are not kept apart",
            "ResponseCacheControl ResponseContentDisposition ResponseContentEncoding "
            "ResponseContentLanguage ResponseContentType ResponseExpires": "only of GetObject",
        },
    ),
    "CopyObjectRequest": fields(
        f"{_WHERE} {_HEADERS} CopySource CopySourceIfMatch CopySourceIfNoneMatch Expires IfMatch "
        "Metadata Tagging ExpectedSourceBucketOwner",
        values={
            **_MADE_VALUES,
            "IfNoneMatch": ("*",),
            "MetadataDirective TaggingDirective": ("COPY", "REPLACE"),
            "AnnotationDirective": ("COPY",),
        },
        neutral=_PAYER,
        refused={
            **_MADE_REFUSED,
            "CopySourceIfModifiedSince CopySourceIfUnmodifiedSince": "copies compare ETags only",
            "CopySourceSSECustomerAlgorithm CopySourceSSECustomerKey "
            "CopySourceSSECustomerKeyMD5": _PLAIN,
        },
    ),
    "DeleteObjectRequest": fields(
        f"{_WHERE} VersionId",
        values={"BypassGovernanceRetention": (False,)},
        neutral=_PAYER,
        refused={
            "MFA": _MFA,
            "IfMatch IfMatchLastModifiedTime IfMatchSize": "deletes are not conditional here",
        },
    ),
    "DeleteObjectsRequest": fields(
        f"Bucket Delete {_OWNER}",
        values={
            "BypassGovernanceRetention": (False,),
            "ChecksumAlgorithm": _ALGORITHMS,
        },
        neutral=_PAYER,
        refused={"MFA": _MFA},
    ),
    "Delete": fields("Objects Quiet"),
    "ObjectIdentifier": fields(
        "Key VersionId",
        refused={"ETag LastModifiedTime Size": "deletes are not conditional here"},
    ),
}

_PARTS: dict[str, Fields] = {
    "CreateMultipartUploadRequest": fields(
        f"{_WHERE} {_HEADERS} Expires Metadata Tagging",
        values={
            **_MADE_VALUES,
            # The sum of the parts' sums; CRC64NVME has none, only one of the whole object (S3 user
            # guide, "Checking object integrity").
            "ChecksumAlgorithm": ("CRC32", "CRC32C", "SHA1", "SHA256"),
            "ChecksumType": ("COMPOSITE",),
        },
        neutral=_PAYER,
        refused=_MADE_REFUSED,
    ),
    "UploadPartRequest": fields(
        f"{_WHERE} {_SUMS} Body ContentLength ContentMD5 PartNumber UploadId",
        values={"ChecksumAlgorithm": _ALGORITHMS},
        neutral=_PAYER,
        refused={_SSE_READ: _PLAIN, _OTHER_SUMS: _SUM},
    ),
    "UploadPartCopyRequest": fields(
        f"{_WHERE} CopySource CopySourceIfMatch CopySourceIfNoneMatch CopySourceRange PartNumber "
        "UploadId ExpectedSourceBucketOwner",
        neutral=_PAYER,
        refused={
            "CopySourceIfModifiedSince CopySourceIfUnmodifiedSince": "copies compare ETags only",
            f"{_SSE_READ} CopySourceSSECustomerAlgorithm CopySourceSSECustomerKey "
            "CopySourceSSECustomerKeyMD5": _PLAIN,
        },
    ),
    "CompleteMultipartUploadRequest": fields(
        f"{_WHERE} MultipartUpload UploadId IfMatch",
        values={"IfNoneMatch": ("*",), "ChecksumType": ("COMPOSITE",)},
        neutral=_PAYER,
        refused={
            _SSE_READ: _PLAIN,
            f"{_SUMS} {_OTHER_SUMS}": "each part is checked, the whole is not once more",
            "MpuObjectSize": "each part is checked, the whole is not once more",
        },
    ),
    "CompletedMultipartUpload": fields("Parts"),
    "CompletedPart": fields(f"ETag PartNumber {_SUMS}", refused={_OTHER_SUMS: _SUM}),
    "AbortMultipartUploadRequest": fields(
        f"{_WHERE} UploadId",
        neutral=_PAYER,
        refused={"IfMatchInitiatedTime": "directory buckets are not there"},
    ),
    "ListPartsRequest": fields(
        f"{_WHERE} MaxParts PartNumberMarker UploadId",
        neutral=_PAYER,
        refused={_SSE_READ: _PLAIN},
    ),
    "ListMultipartUploadsRequest": fields(
        f"Bucket Delimiter KeyMarker MaxUploads Prefix UploadIdMarker {_OWNER}",
        values={"EncodingType": ("url",)},
        neutral=_PAYER,
    ),
}

S3 = Service(
    "s3",
    "NotImplemented",
    OPERATIONS,
    {**_BUCKETS, **_LISTS, **_OBJECTS, **_PARTS},
    status=501,
)
