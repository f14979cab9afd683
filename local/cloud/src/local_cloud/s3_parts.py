"""The sums that parts of an upload came with: CompleteMultipartUpload may say them once more.

(S3 API, CompletedPart.)
"""

import threading
from collections.abc import Mapping
from typing import Any

from local_cloud.errors import AwsError

_SUMS = (
    "ChecksumCRC32",
    "ChecksumCRC32C",
    "ChecksumCRC64NVME",
    "ChecksumSHA1",
    "ChecksumSHA256",
)


class PartSums:
    """Of every part of every upload that is under way."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uploads: dict[str, dict[int, Mapping[str, str]]] = {}

    def keep(self, upload: str, part: int, sums: Mapping[str, str]) -> None:
        """Note a part that was stored; a part of the same number is replaced."""
        with self._lock:
            self._uploads.setdefault(upload, {})[part] = sums

    def forget(self, upload: str) -> None:
        """An upload that is complete or aborted."""
        with self._lock:
            self._uploads.pop(upload, None)

    def check(self, upload: str, parts: list[dict[str, Any]]) -> None:
        """InvalidPart where a part is said to have another sum than it came with."""
        with self._lock:
            known = dict(self._uploads.get(upload, {}))
        for one in parts:
            number = int(one.get("PartNumber", 0))
            came = known.get(number, {})
            for name in _SUMS:
                if name in one and one[name] != came.get(f"x-amz-{_header(name)}"):
                    raise AwsError(
                        "InvalidPart", f"part {number} did not come with this {name}"
                    )


def _header(name: str) -> str:
    return name.replace("Checksum", "checksum-").lower()
