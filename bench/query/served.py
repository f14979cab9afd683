"""The service as it is shipped, with a probe beside it on its own event loop.

`python -m bench.query.served SOCKET` runs query-api; whoever connects to the UNIX socket is told, as a
line of JSON, the lags since the last one that asked, and when each query was looked at that had ended. A
lag is how much later than asked the loop woke the probe: what a request would have waited for nothing.
"""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from coinlake import service
from query_api.adapters.athena import AthenaEngine
from query_api.app import run
from query_api.config import Settings
from query_api.core.answers import ExecutionState, LostExecution

_EVERY_S = 0.005

Executions = Callable[
    [AthenaEngine, Sequence[str]],
    Awaitable[Mapping[str, ExecutionState | LostExecution]],
]


class NoPandas(MetaPathFinder):
    """The service's image has no pandas; Arrow would import it at its first value, for 150 ms."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname, name=fullname)
        return None


class Looks:
    """When Athena was asked for each query and said for the first time that it has ended."""

    def __init__(self) -> None:
        self.at_s: dict[str, float] = {}

    def of(self, executions: Executions) -> Executions:
        """The same call, noted. Seconds since the epoch, as the engine's own times are."""

        async def noted(
            engine: AthenaEngine, ids: Sequence[str]
        ) -> Mapping[str, ExecutionState | LostExecution]:
            began_s = time.time()
            told = await executions(engine, ids)
            for name, one in told.items():
                if isinstance(one, ExecutionState) and one.ended:
                    self.at_s.setdefault(name, began_s)
            return told

        return noted


class LagProbe:
    """Lags of one event loop in ms."""

    def __init__(self, looks: Looks) -> None:
        self._lags_ms: list[float] = []
        self._looks = looks

    async def watch(self) -> None:
        """Sleep again and again, and note how late it was."""
        while True:
            asked = time.monotonic() + _EVERY_S
            await asyncio.sleep(_EVERY_S)
            self._lags_ms.append(max(0.0, (time.monotonic() - asked) * 1000))

    async def tell(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What was noted since the last call; begins anew."""
        lags, self._lags_ms = sorted(self._lags_ms), []
        told = {
            "samples": len(lags),
            "worst_ms": lags[-1] if lags else 0.0,
            "p99_ms": lags[len(lags) * 99 // 100] if lags else 0.0,
            "looks": self._looks.at_s,
        }
        writer.write(json.dumps(told).encode() + b"\n")
        await writer.drain()
        writer.close()


def main() -> int:
    """The exit code of the service."""
    socket = sys.argv.pop()
    sys.meta_path.insert(0, NoPandas())

    looks = Looks()
    setattr(AthenaEngine, "executions", looks.of(AthenaEngine.executions))  # noqa: B010

    async def probed(settings: Settings, stop: asyncio.Event) -> None:
        probe = LagProbe(looks)
        async with await asyncio.start_unix_server(probe.tell, socket):
            watching = asyncio.ensure_future(probe.watch())
            try:
                await run(settings, stop)
            finally:
                watching.cancel()

    return service.main("query-api", Settings, probed)


if __name__ == "__main__":
    sys.exit(main())
