"""`python -m ingestor`: read the settings, run until told to stop."""

import sys

from coinlake import service
from ingestor.app import run
from ingestor.config import Settings


def main() -> int:
    """The exit code."""
    return service.main("ingestor", Settings, run)


if __name__ == "__main__":
    sys.exit(main())
