"""`python -m s3_sink`: read the settings, run until told to stop."""

import sys

from coinlake import service
from s3_sink.adapters import heap
from s3_sink.app import run
from s3_sink.config import Settings


def main() -> int:
    """The exit code."""
    heap.give_back()
    return service.main("s3-sink", Settings, run)


if __name__ == "__main__":
    sys.exit(main())
