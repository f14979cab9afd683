"""Keeps one run: starts it in a process group of its own, and ends the whole group.

Run as a script of its own (stdlib only). Its standard input is a pipe from the cloud: when that
closes, because the run is stopped or because the cloud died, however it died, everything that
the run started is killed. Its exit code is the run's.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading

PR_SET_PDEATHSIG = 1
STDIN = 0
KILLED = 128 + signal.SIGKILL


def _die_with_parent() -> None:
    # In the child: should this keeper itself be killed, the script goes too.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _watch(pid: int) -> None:
    # Not sys.stdin: a thread that blocks in its buffer makes the interpreter's exit abort.
    while os.read(STDIN, 4096):
        continue
    _kill_group(pid)
    os._exit(KILLED)


def main(argv: list[str]) -> int:
    """Run `argv` to its end and return its exit code, negative signals as 128 + n."""
    child = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )
    threading.Thread(target=_watch, args=(child.pid,), daemon=True).start()
    code = child.wait()
    # The JVM and the Python workers must not outlive the script.
    _kill_group(child.pid)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
