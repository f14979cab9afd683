"""The script that Glue runs; everything else comes with --extra-py-files."""

import sys

from coinlake_job.rebuild import main

main(sys.argv[1:])
