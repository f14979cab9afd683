"""The sink without one of its rules, as a process: the controls of a run.

`python -m tests.three_sinks.broken_sink RULE`; the environment is the sink's own.
"""

import sys
from collections.abc import Callable
from typing import Any
from unittest import mock

from coinlake import lifecycle
from coinlake.s3 import S3Store
from s3_sink.__main__ import main
from tests.sim.controls import controls

_put = S3Store.put


async def _put_over(store: S3Store, key: str, body: bytes, **more: Any) -> str:
    """A PUT that overwrites; the probe at the start still sees a store that can refuse."""
    if key.startswith("raw/"):
        more.pop("if_none_match", None)
    return await _put(store, key, body, **more)


def _overwrite() -> None:
    mock.patch.object(S3Store, "put", _put_over).start()


def _as_in_simulation(name: str) -> Callable[[], None]:
    def drop() -> None:
        for patch in controls()[name].patches:
            mock.patch.object(*patch).start()

    return drop


RULES: dict[str, Callable[[], None]] = {
    "overwrite": _overwrite,
    "own-position": _as_in_simulation("own-position"),
}

if __name__ == "__main__":
    RULES[sys.argv[1]]()
    sys.exit(lifecycle.run("s3-sink", main))
