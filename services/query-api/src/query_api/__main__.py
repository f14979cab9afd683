"""`python -m query_api`: read the settings, run until told to stop."""

import sys

from coinlake import service
from query_api.app import run
from query_api.config import Settings


def main() -> int:
    """The exit code."""
    return service.main("query-api", Settings, run)


if __name__ == "__main__":
    sys.exit(main())
