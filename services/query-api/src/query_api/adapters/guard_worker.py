"""The guard's process: a statement per line in, a verdict per line out, until stdin ends."""

import json
import resource
import sys
from dataclasses import astuple

from query_api.core.guard import check
from query_api.core.problems import RefusedSqlError

# Parsing 16 KiB takes tens of megabytes; a statement that takes more is no use to anybody.
_MEMORY_BYTES = 1024 * 1024 * 1024


def main() -> None:
    """Serve until stdin ends, which also happens when the service dies."""
    # macOS refuses this limit with EINVAL (python/cpython #78783); its deadline is there all the same.
    if sys.platform != "darwin":
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(json.dumps(_verdict(json.loads(line))).encode() + b"\n")
        sys.stdout.buffer.flush()


def _verdict(request: dict[str, object]) -> dict[str, object]:
    try:
        checked = check(
            str(request["sql"]), str(request["database"]), int(str(request["max_rows"]))
        )
    except RefusedSqlError as error:
        return {"reason": error.reason, "detail": str(error)}
    reads = None if checked.reads is None else [astuple(one) for one in checked.reads]
    return {"sql": checked.sql, "tables": checked.tables, "reads": reads}


if __name__ == "__main__":
    main()
