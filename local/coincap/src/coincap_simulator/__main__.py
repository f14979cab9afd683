"""`python -m coincap_simulator`: runs until SIGTERM or SIGINT."""

import asyncio
import signal
import sys

from coincap_simulator.app import run
from coincap_simulator.config import Settings, settings_from
from coincap_simulator.core.recordings import RecordingError


async def _main(settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    await run(settings, stop)


if __name__ == "__main__":
    chosen = settings_from(sys.argv[1:])
    try:
        asyncio.run(_main(chosen))
    except OSError as error:
        sys.exit(f"coincap_simulator cannot listen: {error}")
    except RecordingError as error:
        sys.exit(f"coincap_simulator cannot start: {error}")
