"""Spark Structured Streaming: its Kafka source into text files, gzip, a batch per trigger.

Set as its guide advises: a batch is limited by offsets so that a task makes one file of the wanted
size, `availableNow` ends when the topic is read, the checkpoint is on the local disk (on S3 it
would cost more).
"""

import os
from pathlib import Path

from pyspark.sql import SparkSession

from bench.sink.job import Job

_MIB = 1024 * 1024


def session(job: Job, jars: str) -> SparkSession:
    """One JVM with a task per partition. `jars` is a class path."""
    s3a = {
        "fs.s3a.impl": "org.apache.hadoop.fs.s3a.S3AFileSystem",
        "fs.s3a.endpoint": job.endpoint,
        "fs.s3a.access.key": os.environ["AWS_ACCESS_KEY_ID"],
        "fs.s3a.secret.key": os.environ["AWS_SECRET_ACCESS_KEY"],
        "fs.s3a.endpoint.region": os.environ["AWS_REGION"],
        "fs.s3a.path.style.access": "true",
        "fs.s3a.connection.ssl.enabled": "false",
        "fs.s3a.directory.marker.retention": "keep",
        "fs.s3a.buffer.dir": f"{job.scratch}/s3a",
        "fs.s3a.fast.upload.buffer": "bytebuffer",
        "bench.gzip.level": str(job.gzip_level),
    }
    builder = (
        SparkSession.builder.appName("bench")
        .master(f"local[{job.partitions}]")
        .config("spark.driver.memory", "2g")
        .config("spark.driver.extraClassPath", jars)
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.local.dir", job.scratch)
        .config("spark.ui.enabled", "false")
        .config("spark.sql.streaming.metricsEnabled", "false")
    )
    for name, value in s3a.items():
        builder = builder.config(f"spark.hadoop.{name}", value)
    return builder.getOrCreate()


def copy(spark: SparkSession, job: Job) -> None:
    """Copy the topic to the bucket."""
    values = (
        spark.readStream.format("kafka")
        .option("kafka.bootstrap.servers", job.bootstrap)
        .option("subscribe", job.topic)
        .option("startingOffsets", "earliest")
        .option("maxOffsetsPerTrigger", job.partitions * max(1, job.values_per_object))
        .option("kafka.max.partition.fetch.bytes", str(8 * _MIB))
        .option("kafka.max.poll.records", "5000")
        .load()
        .selectExpr("CAST(value AS STRING) AS value")
    )
    query = (
        values.writeStream.format("text")
        .option("compression", "coinlake.bench.LeveledGzip")
        .option("path", f"s3a://{job.bucket}/{job.topic}")
        .option("checkpointLocation", Path(job.scratch, "checkpoint").as_uri())
        .trigger(availableNow=True)
        .start()
    )
    query.awaitTermination()


def main() -> None:
    job = Job.from_environ()
    spark = session(job, os.environ["BENCH_JARS"])
    try:
        copy(spark, job)
    finally:
        spark.stop()


if __name__ == "__main__":
    main()
