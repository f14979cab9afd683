"""Scripts of the Glue job: as it is, and as it would be without one of its rules."""

ENTRY = b"""\
import sys
from coinlake_job.rebuild import main
main(sys.argv[1:])
"""

# Glue's frame of a job with bookmarks (developer guide, "Tracking processed data using job bookmarks").
WITH_COMMIT = b"""\
import sys
from awsglue.job import Job
from coinlake_job.rebuild import main
job = Job(None)
job.init("coinlake-rebuild", {"transformation_ctx": "raw_objects"})
main(sys.argv[1:])
job.commit()
"""
WITHOUT_COMMIT = b"""\
import sys
from awsglue.job import Job
from coinlake_job.rebuild import main
Job(None).init("coinlake-rebuild", {"transformation_ctx": "another_name"})
main(sys.argv[1:])
"""

# As a bookmark has it: of an hour that was made before, only what came since is read.
WITH_BOOKMARK = b"""\
import sys
from dataclasses import replace
from coinlake_job import rebuild
read = rebuild.read
def only_new(spark, bucket, manifest):
    hours = [
        replace(hour, inputs=hour.inputs[-1:]) if hour.base_version else hour
        for hour in manifest.hours
    ]
    return read(spark, bucket, replace(manifest, hours=tuple(hours)))
rebuild.read = only_new
rebuild.main(sys.argv[1:])
"""

# As Spark writes by itself: file by file into the place that is read.
IN_PLACE = b"""\
import sys
from coinlake_job import lake, rebuild
from coinlake_job.parquet import groups, parquet_bytes
def writer(batch):
    def write(batches):
        s3 = lake.client()
        for (table, dt, hour), parts in groups(batches):
            rows = [part.slice(at, 1) for part in parts for at in range(len(part))]
            for number, row in enumerate(rows):
                key = f"curated/{table}/dt={dt}/hour={hour}/part-{number}.parquet"
                s3.put_object(
                    Bucket=batch.bucket, Key=key, Body=parquet_bytes(table, [row], {})
                )
        yield from ()
    return write
lake.writer = writer
rebuild.main(sys.argv[1:])
"""

# As JSON is read where nobody thinks of it: numbers through 64 bits.
THROUGH_FLOATS = b"""\
import sys
from decimal import Context, Decimal
from coinlake_job import lake, rebuild, values
reader = lake.reader
def through_floats(value, scale):
    if not isinstance(value, str) or not values._NUMBER.fullmatch(value):
        return None
    try:
        return Decimal(float(value)).quantize(values._UNITS[scale], context=Context(prec=38))
    except ArithmeticError:
        return None
def patched(bucket):
    read = reader(bucket)
    def patched_read(batches):
        values._decimal = through_floats
        yield from read(batches)
    return patched_read
lake.reader = patched
rebuild.main(sys.argv[1:])
"""
