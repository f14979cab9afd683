"""The codec's threads: no more than there are cores for this process."""

import os
from concurrent.futures import ThreadPoolExecutor

from s3_sink.adapters.threads import _threads


def _on_one_core() -> int:
    # sched_setaffinity(2): 0 is the calling thread alone.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    return _threads()


def test_on_one_core_there_is_one_thread_whatever_others_may_use() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(_on_one_core).result() == 1
    assert _threads() == min(2, len(os.sched_getaffinity(0)))
