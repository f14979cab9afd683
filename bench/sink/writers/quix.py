"""Quix Streams' S3FileSink, the packaged sink of a Python stream library.

Its JSON format wraps each value in an envelope; so that all store the same lines, a format of its
kind that writes the bytes takes its place. Objects are cut by the checkpoint, which is made every
so many messages, over all partitions, as its documentation advises for larger files.
"""

import gzip

from quixstreams import Application
from quixstreams.sinks.base import SinkBatch
from quixstreams.sinks.community.file.formats import Format
from quixstreams.sinks.community.file.s3 import S3FileSink

from bench.sink.job import Job

_QUIET_S = 2.0


class Lines(Format):  # type: ignore[misc]
    """One value per line, gzipped."""

    def __init__(self, level: int) -> None:
        self._level = level

    @property
    def file_extension(self) -> str:
        return ".json.gz"

    @property
    def supports_append(self) -> bool:
        return True

    def serialize(self, batch: SinkBatch) -> bytes:
        values = [item.value for item in batch]
        return gzip.compress(b"\n".join(values) + b"\n", self._level)


def main() -> None:
    job = Job.from_environ()
    app = Application(
        broker_address=job.bootstrap,
        consumer_group=job.bucket,
        auto_offset_reset="earliest",
        commit_interval=60.0,
        commit_every=job.partitions * job.values_per_object,
        auto_create_topics=False,
        loglevel="WARNING",
    )
    sink = S3FileSink(
        bucket=job.bucket, endpoint_url=job.endpoint, format=Lines(job.gzip_level)
    )
    topic = app.topic(job.topic, key_deserializer="bytes", value_deserializer="bytes")
    app.dataframe(topic).sink(sink)
    if job.values:
        app.run(count=job.values, collect=False)
    else:
        app.run(timeout=_QUIET_S, collect=False)


if __name__ == "__main__":
    main()
