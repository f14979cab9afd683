"""A proxy that lets bytes through to the store no faster than told: what a slow S3 looks like."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_PIECE = 64 * 1024


class Throttle:
    """Forwards connections. `bytes_per_s` for all of them together; None: as fast as it goes."""

    def __init__(self, host: str, port: int, bytes_per_s: float | None) -> None:
        self._upstream = (host, port)
        self.bytes_per_s = bytes_per_s
        self.passed = 0
        self._free_at_s = 0.0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side closes it."""
        try:
            there, back = await asyncio.open_connection(*self._upstream)
        except OSError:
            writer.close()
            return
        up = asyncio.create_task(self._pass(reader, back, counts=True))
        down = asyncio.create_task(self._pass(there, writer, counts=False))
        # Cancelled or not: what one side has closed is closed on the other.
        with suppress(asyncio.CancelledError):
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        for task in (up, down):
            task.cancel()
        writer.close()
        back.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counts: bool
    ) -> None:
        try:
            while piece := await reader.read(_PIECE):
                if counts:
                    self.passed += len(piece)
                    await self._wait_for(len(piece))
                writer.write(piece)
                await writer.drain()
        except ConnectionError:
            return  # The other direction ends with it.

    async def _wait_for(self, size: int) -> None:
        if self.bytes_per_s is None:
            return
        now = asyncio.get_running_loop().time()
        self._free_at_s = max(now, self._free_at_s) + size / self.bytes_per_s
        await asyncio.sleep(self._free_at_s - now)


@asynccontextmanager
async def open_throttle(
    host: str, port: int, bytes_per_s: float
) -> AsyncIterator[tuple[Throttle, str]]:
    """A proxy before a store, and its endpoint."""
    throttle = Throttle(host, port, bytes_per_s)
    # A small buffer: what waits here would be memory that the sink has got rid of.
    server = await asyncio.start_server(throttle.serve, "127.0.0.1", 0, limit=_PIECE)
    async with server:
        chosen = server.sockets[0].getsockname()[1]
        yield throttle, f"http://127.0.0.1:{chosen}"
