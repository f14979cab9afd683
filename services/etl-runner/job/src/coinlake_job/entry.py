"""The script that Glue runs; everything else comes with --extra-py-files.

(Glue developer guide, "Using job parameters in AWS Glue jobs".)
"""

import sys

from coinlake_job.rebuild import main

main(sys.argv[1:])
