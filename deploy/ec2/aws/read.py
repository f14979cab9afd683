"""Prints a container's AWS credentials for `credential_process`; fails where they have ended.

The failure matters: credentials that have ended are worse than none, since the client library
raises for them what no caller expects (botocore 1.43, credentials.py: RefreshableCredentials).
For none it raises its ordinary error, which is tried again.
Runs as `python -I -S` in the container: the standard library alone.
"""

import datetime
import json
import sys
from pathlib import Path


def main(path: Path, now: datetime.datetime) -> int:
    """0 and the file's text, or 1 and the reason on standard error."""
    try:
        text = path.read_text()
        ends = datetime.datetime.fromisoformat(json.loads(text)["Expiration"])
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"no credentials: {type(error).__name__}: {error}\n")
        return 1
    if ends <= now:
        sys.stderr.write(f"the credentials ended at {ends.isoformat()}\n")
        return 1
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), datetime.datetime.now(datetime.UTC)))
