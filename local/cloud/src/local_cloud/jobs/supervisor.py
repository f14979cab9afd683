"""Keeps one run: starts it in a process group of its own, and ends the whole group.

Run as a script of its own (stdlib only). Its standard input is a pipe from the cloud: when that
closes, because the run is stopped or because the cloud died, however it died, everything that
the run started is killed. Its exit code is the run's.

A second process guards the group, should this keeper itself be killed: it too has a pipe that closes
then. That works wherever there are pipes; what Linux has for it (prctl(2), PR_SET_PDEATHSIG) reaches
the script alone, not what the script started, and macOS has nothing like it.
"""

import os
import signal
import subprocess
import sys
import threading

STDIN = 0
KILLED = 128 + signal.SIGKILL
GUARD = "--guard"
DONE = b"done"


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # macOS says EPERM of a group in which only zombies are left (XNU, kern_sig.c: killpg1).
        return


def _watch(pid: int, guard: int) -> None:
    # Not sys.stdin: a thread that blocks in its buffer makes the interpreter's exit abort.
    while os.read(STDIN, 4096):
        continue
    _end(pid, guard)
    os._exit(KILLED)


def _end(pid: int, guard: int) -> None:
    # The JVM and the Python workers must not outlive the script.
    _kill_group(pid)
    os.write(guard, DONE)


def _guard() -> int:
    """Wait until the keeper's end of the pipe closes; kill its group unless it did so itself."""
    with os.fdopen(STDIN, "rb", closefd=False) as pipe:
        pid, _, done = pipe.read().partition(b"\n")
    if pid and done != DONE:
        _kill_group(int(pid))
    return 0


def main(argv: list[str]) -> int:
    """Run `argv` to its end and return its exit code, negative signals as 128 + n."""
    if argv == [GUARD]:
        return _guard()
    itself = [sys.executable, "-I", "-S", __file__, GUARD]
    with subprocess.Popen(itself, stdin=subprocess.PIPE, start_new_session=True) as guard:
        assert guard.stdin is not None
        pipe = guard.stdin.fileno()
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, start_new_session=True)
        os.write(pipe, f"{child.pid}\n".encode())
        threading.Thread(target=_watch, args=(child.pid, pipe), daemon=True).start()
        code = child.wait()
        _end(child.pid, pipe)
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
