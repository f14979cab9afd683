"""How every service starts: settings first, then its address, then the service itself."""

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

from coinlake import lifecycle, logs
from coinlake.errors import ConfigError
from coinlake.settings import HttpSettings, ServiceSettings, load

_Settings = TypeVar("_Settings", bound=ServiceSettings)

# Who was here before us may still be on its way out.
_TAKEN_S = 5.0
_LOOK_EVERY_S = 0.25


def main(
    name: str,
    settings: type[_Settings],
    run: Callable[[_Settings, asyncio.Event], Awaitable[None]],
) -> int:
    """Run a service until it is told to stop; its exit code, see `lifecycle.run`.

    Wrong settings, and an address that cannot be listened on, end it before it opens anything.
    """
    logs.configure(name)

    async def start(stop: asyncio.Event) -> None:
        chosen = load(settings, os.environ)
        logs.configure(name, chosen.log_level)
        await require_address(chosen.http)
        await run(chosen, stop)

    return lifecycle.run(name, start)


async def require_address(http: HttpSettings) -> None:
    """Raises ConfigError where nobody can listen there: no such host, no right, or taken."""
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + _TAKEN_S
    while True:
        try:
            await _bound(http)
            return
        except (OSError, UnicodeError) as error:
            is_taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            if is_taken and loop.time() < ends_s:
                await asyncio.sleep(_LOOK_EVERY_S)
                continue
            raise ConfigError(
                f"cannot listen on {http.host}:{http.port}: {_reason(error)}"
            ) from error


async def _bound(http: HttpSettings) -> None:
    """Listen on all addresses of the host at once, as the server will, and let go."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(asyncio.Protocol, http.host, http.port, backlog=1)
    server.close()
    await server.wait_closed()


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return text.rpartition(": ")[2].lower() if "bind on address" in text else text
