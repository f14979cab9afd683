"""Asks one URL and says by the exit code whether it answered 200: for HEALTHCHECK.

Runs as `python -I -S`, without site-packages, so that asking every few seconds costs little.
"""

import http.client
import sys
from urllib.parse import urlsplit

TIMEOUT_S = 4.0


def main(url: str) -> int:
    """0 where `url` answers 200, else 1 with the reason, which `docker inspect` shows."""
    asked = urlsplit(url)
    connection = http.client.HTTPConnection(asked.netloc, timeout=TIMEOUT_S)
    try:
        connection.request("GET", asked.path)
        answer = connection.getresponse()
        said = answer.read(2000).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException) as error:
        sys.stdout.write(f"{type(error).__name__}: {error}\n")
        return 1
    finally:
        connection.close()
    sys.stdout.write(f"{answer.status} {said}\n")
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
