"""What a writer is told, by its environment: where to read, where to write, when it is done."""

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass

REGION = "us-east-1"
ACCESS_KEY, SECRET_KEY = "bench", "bench-secret"
_PREFIX = "BENCH_"


@dataclass(frozen=True, slots=True)
class Job:
    """One run of one writer.

    `values` is how many there are in the topic: a writer that has stored as many ends by itself.
    `object_bytes` is how much raw JSON goes into an object, `values_per_object` the same for
    those that count; `scratch` is a folder of its own.
    """

    bootstrap: str
    topic: str
    partitions: int
    values: int
    endpoint: str
    bucket: str
    gzip_level: int
    object_bytes: int
    values_per_object: int
    scratch: str

    def environ(self) -> dict[str, str]:
        """The job as variables, with the standard ones of AWS."""
        own = {f"{_PREFIX}{name.upper()}": str(value) for name, value in asdict(self).items()}
        return {
            **own,
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @classmethod
    def from_environ(cls, environ: Mapping[str, str] = os.environ) -> "Job":
        """The job that `environ` made. Raises KeyError where a part is missing."""

        def told(name: str) -> str:
            return environ[f"{_PREFIX}{name}"]

        return cls(
            told("BOOTSTRAP"),
            told("TOPIC"),
            int(told("PARTITIONS")),
            int(told("VALUES")),
            told("ENDPOINT"),
            told("BUCKET"),
            int(told("GZIP_LEVEL")),
            int(told("OBJECT_BYTES")),
            int(told("VALUES_PER_OBJECT")),
            told("SCRATCH"),
        )
