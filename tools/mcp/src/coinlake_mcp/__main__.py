"""`coinlake-mcp`, or `python -m coinlake_mcp`: the server over stdio, or over HTTP."""

import argparse
import os
import sys

import anyio

from coinlake_mcp.callers import key_of_environment, key_of_request
from coinlake_mcp.config import Settings, SettingsError, load
from coinlake_mcp.http import serve
from coinlake_mcp.server import server
from coinlake_mcp.service import open_service


def main() -> int:
    """0 after its end, 2 for wrong settings or arguments, 1 where it cannot listen."""
    parser = argparse.ArgumentParser(
        prog="coinlake-mcp",
        description="The query service of coinlake as tools for agents (Model Context Protocol). "
        "QUERY_API_URL says where the service is.",
    )
    parser.add_argument(
        "transport",
        nargs="?",
        choices=["stdio", "http"],
        default="stdio",
        help="stdio (default): one client, with the key QUERY_API_KEY; http: each caller sends its own key",
    )
    args = parser.parse_args()
    try:
        settings = load(os.environ)
        anyio.run(_stdio if args.transport == "stdio" else _http, settings)
    except SettingsError as error:
        sys.stderr.write(f"coinlake-mcp: {error}\n")
        return 2
    except OSError as error:
        sys.stderr.write(f"coinlake-mcp: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


async def _stdio(settings: Settings) -> None:
    async with open_service(settings.url) as service:
        await server(service, settings, key_of_environment(settings)).run_stdio_async()


async def _http(settings: Settings) -> None:
    async with open_service(settings.url) as service:
        await serve(server(service, settings, key_of_request), settings)


if __name__ == "__main__":
    sys.exit(main())
