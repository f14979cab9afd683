"""`python -m etl_runner`: read the settings, run until told to stop."""

import sys

from coinlake import service
from etl_runner.app import run
from etl_runner.config import Settings


def main() -> int:
    """The exit code."""
    return service.main("etl-runner", Settings, run)


if __name__ == "__main__":
    sys.exit(main())
