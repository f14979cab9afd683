"""The service as it is shipped, with a probe beside it on its own event loop.

`python -m bench.query.served SOCKET` runs query-api; whoever connects to the UNIX socket is told the
lags since the last one that asked, as a line of JSON. A lag is how much later than asked the loop woke
the probe: what a request would have waited for nothing.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

from coinlake import service
from query_api.app import run
from query_api.config import Settings

_EVERY_S = 0.005


class NoPandas(MetaPathFinder):
    """The service's image has no pandas; Arrow would import it at its first value, for 150 ms."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname == "pandas":
            raise ModuleNotFoundError(fullname, name=fullname)
        return None


class LagProbe:
    """Lags of one event loop in ms."""

    def __init__(self) -> None:
        self._lags_ms: list[float] = []

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
        }
        writer.write(json.dumps(told).encode() + b"\n")
        await writer.drain()
        writer.close()


def main() -> int:
    """The exit code of the service."""
    socket = sys.argv.pop()
    sys.meta_path.insert(0, NoPandas())

    async def probed(settings: Settings, stop: asyncio.Event) -> None:
        probe = LagProbe()
        async with await asyncio.start_unix_server(probe.tell, socket):
            watching = asyncio.ensure_future(probe.watch())
            try:
                await run(settings, stop)
            finally:
                watching.cancel()

    return service.main("query-api", Settings, probed)


if __name__ == "__main__":
    sys.exit(main())
