"""The sink without one of its rules, as a process: the control of a run.

`python -m tests.labs.churn.broken_sink overwrite`; the environment is the sink's own. The other
rules are dropped in the simulation, where there are thousands of runs: with real parts a sink that
wakes up asks the chain's end again before their lack can do harm.
"""

import sys
from collections.abc import Callable
from typing import Any
from unittest import mock

from coinlake.s3 import S3Store
from s3_sink.__main__ import main

_put = S3Store.put


async def _put_over(store: S3Store, key: str, body: bytes, **more: Any) -> str:
    """A PUT that overwrites; the probe at the start still sees a store that can refuse."""
    if key.startswith("raw/"):
        more.pop("if_none_match", None)
    return await _put(store, key, body, **more)


def _overwrite() -> None:
    mock.patch.object(S3Store, "put", _put_over).start()


RULES: dict[str, Callable[[], None]] = {"overwrite": _overwrite}

if __name__ == "__main__":
    RULES[sys.argv[1]]()
    sys.exit(main())
