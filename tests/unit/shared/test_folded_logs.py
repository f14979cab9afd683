"""Folding in the process's log: libraries' lines and ours, on all threads, to the last line."""

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
import structlog

from coinlake.folding import FoldingLimits
from coinlake.logs import Fold


def ran(program: str) -> list[dict[str, object]]:
    """The log lines of a process of its own: logging is set up once for each."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_a_librarys_flood_is_one_line_and_its_count_at_the_exit() -> None:
    said = ran(
        "import logging; from coinlake import logs; logs.configure('test')\n"
        "for _ in range(5000): logging.getLogger('aiokafka').error('Topic %s not found', 'x')\n"
        "logging.getLogger('aiokafka').error('Topic %s not found', 'y')\n"
    )

    assert [line["event"] for line in said] == [
        "Topic x not found", "Topic y not found", "lines_repeated",
    ]  # fmt: skip
    assert (said[2]["times"], said[2]["line"]) == (4999, "Topic x not found")
    assert (said[2]["level"], said[2]["service"]) == ("error", "test")


def test_our_warnings_fold_our_errors_only_word_for_word_our_units_of_work_never() -> None:
    said = ran(
        "from coinlake import logs; logs.configure('test'); log = logs.get('m')\n"
        "for n in range(300): log.warning('try_failed', partition='a-1', reason=f'{n} ms')\n"
        "for n in range(300): log.error('partition_stopped', partition=f'a-{n}')\n"
        "for n in range(300): log.info('object_stored', key='k')\n"
        "for n in range(7): log.error('partition_stopped', partition='a-0')\n"
    )

    events = [line["event"] for line in said]
    assert events.count("try_failed") == 20
    assert events.count("partition_stopped") == 300
    assert events.count("object_stored") == 300
    counted = {str(line["line"]).split()[0]: line["times"] for line in said[-2:]}
    assert counted == {"try_failed": 280, "partition_stopped": 7}


def test_the_watchdog_ends_no_process_with_an_untold_count() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import time, logging; from coinlake import lifecycle, logs\n"
            "logs.configure('test')\n"
            "with lifecycle.watchdog(lifecycle.Pulse(0.1), 0.02):\n"
            "    for _ in range(9): logging.getLogger('aiokafka').error('away')\n"
            "    time.sleep(30)\n",
        ],
        capture_output=True,
        text=True,
    )

    said = [json.loads(line) for line in done.stderr.splitlines()]
    assert done.returncode == 70
    assert [line["event"] for line in said] == ["away", "loop_stuck", "lines_repeated"]
    assert said[2]["times"] == 8


@pytest.fixture
def fold() -> Iterator[Fold]:
    fold = Fold("test", FoldingLimits(window_s=0.3))
    yield fold
    fold.end()


def test_a_count_is_said_when_its_time_is_over_though_nothing_more_is_logged(
    fold: Fold,
) -> None:
    record = logging.LogRecord("aiokafka", logging.ERROR, "", 1, "away", None, None)

    with structlog.testing.capture_logs() as said:
        written = [fold.filter(record) for _ in range(10)]
        deadline = time.monotonic() + 10
        while not said and time.monotonic() < deadline:
            time.sleep(0.01)

    assert written == [True] + [False] * 9
    assert [(line["event"], line["times"]) for line in said] == [("lines_repeated", 9)]


def test_many_threads_lose_no_line() -> None:
    fold = Fold("test", FoldingLimits(window_s=0.02, texts=2, templates=3))
    written: list[bool] = []

    def flood(name: str) -> None:
        for number in range(2000):
            record = logging.LogRecord(name, logging.ERROR, "", 1, "n %d", (number % 5,), None)
            written.append(fold.filter(record))

    with structlog.testing.capture_logs() as said:
        threads = [threading.Thread(target=flood, args=(f"lib{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        fold.end()

    assert sum(written) + sum(line["times"] for line in said) == len(written) == 8000
