"""`python -m local_cloud`: read the command line and the keys, serve until told to stop."""

import logging
import os
import sys

import structlog

from local_cloud.app import run
from local_cloud.config import parsed


def main() -> None:
    """Logs go to stderr as JSON; stdout has the ready line only."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )
    run(parsed(sys.argv[1:], os.environ))
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is closed and on disk. Tearing down moto's modules would take seconds more,
    # and whoever stops the cloud waits for it.
    os._exit(0)


if __name__ == "__main__":
    main()
