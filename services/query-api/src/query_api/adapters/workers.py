"""Threads for what Arrow computes without Python's lock, so that the loop goes on meanwhile."""

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Workers:
    """A few threads for all answers. Work comes in pieces of one block of rows, first come first
    served: so a large answer takes turns with all others, block by block."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    async def run(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """What `work` gives. One that nobody waits for any more ends by itself, unseen."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, lambda: work(*args, **kwargs))


@contextmanager
def open_workers(count: int | None = None) -> Iterator[Workers]:
    """As many threads as there are cores, unless said."""
    pool = ThreadPoolExecutor(count or os.cpu_count() or 1, thread_name_prefix="rows")
    try:
        yield Workers(pool)
    finally:
        # A piece takes milliseconds; what waits belongs to answers that have been cut.
        pool.shutdown(wait=True, cancel_futures=True)
