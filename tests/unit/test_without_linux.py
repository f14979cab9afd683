"""What the demo runs works where Linux's own names are missing, as on macOS.

A real Python runs each piece with `tests/macos_like/sitecustomize.py` before it, which takes away what
macOS has not. What macOS has of its own (its loader, its sockets, its file system) was not run.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from local_cloud.jobs import supervisor
from local_stack import processes

ROOT = Path(__file__).resolve().parents[2]
KEEPER = str(Path(supervisor.__file__))
GUARD = str(ROOT / "services/query-api/src/query_api/adapters/guard_worker.py")
WITHOUT = os.environ | {"PYTHONPATH": str(ROOT / "tests/macos_like")}
# Starts a child that would outlive it, says both numbers, and stays.
STAYS = """
import os, subprocess, sys, time
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), other.pid, flush=True)
time.sleep({seconds})
"""
MODULES = (
    "ingestor.app", "s3_sink.app", "etl_runner.app", "query_api.app", "coinlake_tools.__main__",
    "local_cloud.app", "coincap_simulator.app", "local_stack.__main__",
)  # fmt: skip


def run(code: str, env: dict[str, str] = WITHOUT) -> str:
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_linux_is_missing_there() -> None:
    look = (
        "import ctypes, os, select, selectors, sys\n"
        "def there(path):\n"
        "    try: return bool(open(path).read())\n"
        "    except FileNotFoundError: return False\n"
        "print(sys.platform, hasattr(os, 'fdatasync'), hasattr(select, 'epoll'),"
        " selectors.DefaultSelector.__name__, there('/proc/1/stat'),"
        " hasattr(ctypes.CDLL(None), 'prctl'), hasattr(ctypes.CDLL(None), 'getpid'))"
    )

    assert run(look) == "darwin False False PollSelector False False True"
    assert run(look, dict(os.environ)) == "linux True True EpollSelector True True True"


@pytest.mark.long
def test_every_part_of_the_demo_can_be_loaded() -> None:
    run(f"import {', '.join(MODULES)}")


def test_the_processors_and_the_heap_are_asked_for_what_is_there() -> None:
    told = run(
        "from s3_sink.adapters import heap, threads; print(heap.give_back(), threads._threads())"
    )

    assert told == "False 2"


@pytest.mark.parametrize("env", [WITHOUT, dict(os.environ)], ids=["without", "with"])
def test_the_guard_of_sql_serves(env: dict[str, str]) -> None:
    asked = {"sql": "SELECT price_usd FROM quotes", "database": "coinlake", "max_rows": 10}

    done = subprocess.run(
        [sys.executable, GUARD],
        env=env,
        input=json.dumps(asked) + "\n",
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert "LIMIT" in json.loads(done.stdout)["sql"].upper()


def test_a_process_of_the_stack_is_started_known_again_and_stopped(tmp_path: Path) -> None:
    told = run(
        "import sys; from pathlib import Path; from local_stack import processes\n"
        "one = processes.spawn([sys.executable, '-c', 'import time; time.sleep(600)'], {},"
        f" Path({str(tmp_path / 'log')!r}))\n"
        "other = processes.Running(one.pid, 'another start')\n"
        "print(processes.alive(one), processes.alive(other), processes.stop(one, 10),"
        " processes.alive(one))"
    )

    assert told == "True False True False"


class Kept:
    """A run under its keeper: the keeper, the script's number and that of what the script started."""

    def __init__(self, seconds: int, env: dict[str, str]) -> None:
        script = STAYS.format(seconds=seconds)
        self.keeper = subprocess.Popen(
            [sys.executable, KEEPER, sys.executable, "-c", script],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.keeper.stdout is not None
        self.pids = [int(word) for word in self.keeper.stdout.readline().split()]
        assert len(self.pids) == 2

    def wait_gone(self) -> None:
        """Until nothing of the run is left, which the test's own time limit ends."""
        while any(processes._started(pid) for pid in self.pids):
            time.sleep(0.02)

    def close(self) -> None:
        for pipe in (self.keeper.stdin, self.keeper.stdout):
            assert pipe is not None
            pipe.close()


@pytest.mark.parametrize("env", [WITHOUT, dict(os.environ)], ids=["without", "with"])
class TestARun:
    def test_its_exit_code_is_the_keepers(self, env: dict[str, str]) -> None:
        for script, code in (("exit 3", 3), ("kill -9 $$", 137)):
            command = [sys.executable, KEEPER, "sh", "-c", script]
            with subprocess.Popen(command, env=env, stdin=subprocess.PIPE) as keeper:
                # Not communicate(), which would close the pipe: that ends a run.
                while keeper.poll() is None:
                    time.sleep(0.02)

            assert keeper.returncode == code

    def test_what_it_started_does_not_outlive_it(self, env: dict[str, str]) -> None:
        run = Kept(0, env)

        assert run.keeper.wait() == 0
        run.wait_gone()
        run.close()

    def test_it_ends_with_the_clouds_pipe(self, env: dict[str, str]) -> None:
        run = Kept(600, env)
        assert run.keeper.stdin is not None

        run.keeper.stdin.close()

        assert run.keeper.wait() == 128 + signal.SIGKILL
        run.wait_gone()
        run.close()

    def test_it_ends_with_its_keeper_however_that_ends(self, env: dict[str, str]) -> None:
        run = Kept(600, env)

        run.keeper.kill()

        run.keeper.wait()
        run.wait_gone()
        run.close()


def test_a_group_of_zombies_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def killpg(group: int, number: int) -> None:
        raise PermissionError(1, "Operation not permitted")  # macOS: XNU, killpg1

    monkeypatch.setattr(os, "killpg", killpg)

    supervisor._kill_group(1)
