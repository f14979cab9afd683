"""Why a run failed, in the words of its own last traceback."""

import re
import signal

TRACEBACK = "Traceback (most recent call last):"
# Spark's log lines land between a script's lines on the same stream.
_LOG_LINE = re.compile(r"^\d\d/\d\d/\d\d \d\d:\d\d:\d\d (TRACE|DEBUG|INFO|WARN|ERROR|FATAL) ")
# Glue cuts messages too; enough to keep a Java cause.
LIMIT = 2000


def failure(exit_code: int, stderr: str) -> str:
    """The message of a run that ended with `exit_code` (negative: killed by that signal)."""
    if exit_code < 0:
        return f"The process was killed by {signal.Signals(-exit_code).name}."
    lines = [line for line in stderr.splitlines() if not _LOG_LINE.match(line)]
    reason = _raised(lines)
    if reason is None:
        last = next((line.strip() for line in reversed(lines) if line.strip()), "")
        reason = f"Command failed with exit code {exit_code}" + (f": {last}" if last else "")
    return reason[:LIMIT]


def _raised(lines: list[str]) -> str | None:
    """The exception line of the last traceback, and a Java cause that follows it."""
    starts = [index for index, line in enumerate(lines) if line == TRACEBACK]
    if not starts:
        return None
    after = lines[starts[-1] + 1 :]
    for index, line in enumerate(after):
        if line and not line.startswith((" ", "\t")):
            # py4j prints `Py4JJavaError: An error occurred …` and the cause as `: java.…`.
            cause = after[index + 1 : index + 2]
            return line + "".join(part for part in cause if part.startswith(": "))
    return None
