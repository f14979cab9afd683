"""The guard's process: a statement per line in, a verdict per line out, until stdin ends.

It bounds itself: the kernel ends it where one statement takes more CPU time than it is given,
also inside of C code, where no exception would be raised (setitimer(2), ITIMER_PROF: user and
system time of the process; the signal's default action ends it), or more memory.
"""

import json
import resource
import signal
import sys
from dataclasses import astuple

from query_api.core.dependence import dependence_of
from query_api.core.guard import check
from query_api.core.problems import RefusedSqlError

# Parsing 16 KiB takes tens of megabytes; a statement that takes more is no use to anybody.
_MEMORY_BYTES = 512 * 1024 * 1024
# Where who asks says nothing of it.
_CPU_S = 1.0


def main() -> None:
    """Serve until stdin ends, which also happens when the service dies."""
    # macOS refuses this limit with EINVAL (python/cpython #78783); its deadline is there all the same.
    if sys.platform != "darwin":
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    for line in sys.stdin.buffer:
        request = json.loads(line)
        signal.setitimer(signal.ITIMER_PROF, float(request.get("cpu_s", _CPU_S)))
        verdict = _verdict(request)
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.buffer.write(json.dumps(verdict).encode() + b"\n")
        sys.stdout.buffer.flush()


def _verdict(request: dict[str, object]) -> dict[str, object]:
    try:
        checked = check(
            str(request["sql"]), str(request["database"]), int(str(request["max_rows"]))
        )
    except RefusedSqlError as error:
        return {"reason": error.reason, "detail": str(error)}
    depends = dependence_of(checked.sql).told()
    reads = None if checked.reads is None else [astuple(one) for one in checked.reads]
    return {"sql": checked.sql, "tables": checked.tables, "depends": depends, "reads": reads}


if __name__ == "__main__":
    main()
