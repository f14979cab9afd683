"""Scripts of the Glue job: as it is, and as it would be without one of its rules."""

ENTRY = b"""\
import sys
from coinlake_job.rebuild import main
main(sys.argv[1:])
"""

# A run that is still there when somebody looks for it: the job itself is done in two seconds.
SLOW = b"""\
import sys, time
from coinlake_job.rebuild import main
time.sleep(12)
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
from coinlake_job import carry, rebuild
def only_new(task):
    hour = task.hour
    if hour.base_version:
        task = replace(task, hour=replace(hour, inputs=hour.inputs[-1:]))
    return carry.rebuilt(task)
rebuild.main(sys.argv[1:], only_new)
"""

# As Spark writes by itself: file by file into the place that is read.
IN_PLACE = b"""\
import sys
from dataclasses import replace
from coinlake.contracts.ledger import curated_key
from coinlake_job import carry, lake, rebuild
from coinlake_kernel.parquet import parquet_bytes
def in_place(task):
    s3 = lake.client()
    typed = carry.read(s3, task)
    for table, rows in typed.tables.items():
        folder = curated_key(table, task.hour.at).rpartition("/")[0]
        for number, place in enumerate(rows.order):
            one = replace(rows, order=rows.order[number : number + 1])
            s3.put_object(
                Bucket=task.batch.bucket,
                Key=f"{folder}/part-{number}.parquet",
                Body=parquet_bytes(table, one, {}),
            )
    return carry.hour_result(task.hour, typed, carry.stage(s3, task, typed))
rebuild.main(sys.argv[1:], in_place)
"""

# As JSON is read where nobody thinks of it: numbers through 64 bits.
THROUGH_FLOATS = b"""\
import sys
from decimal import Context, Decimal
from coinlake_job import carry, rebuild
from coinlake_kernel import reading, values
def through_floats(value, scale):
    if not isinstance(value, str) or not values._NUMBER.fullmatch(value):
        return None
    try:
        return Decimal(float(value)).quantize(values._UNITS[scale], context=Context(prec=38))
    except ArithmeticError:
        return None
def patched(task):
    values._decimal = through_floats
    reading.Reader.read = lambda self, value: None
    return carry.rebuilt(task)
rebuild.main(sys.argv[1:], patched)
"""
