"""The server over streamable HTTP: loopback by default, and only for hosts and origins that it knows."""

import socket
import sys
from typing import Any

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from coinlake_mcp.config import LOOPBACK, Settings

PATH = "/mcp"
_MAX_BODY_BYTES = 128 * 1024
_LOCAL_HOSTS = ("127.0.0.1:*", "localhost:*", "[::1]:*")


def security(settings: Settings) -> TransportSecuritySettings:
    """Which `Host` and `Origin` are answered.

    A page that a browser loaded must not reach a server on loopback by a name that resolves there (MCP,
    Transports, "Security Warning": validate Origin, bind to localhost).
    """
    local = _LOCAL_HOSTS if settings.host in LOOPBACK else ()
    return TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[*local, *settings.allowed_hosts],
        allowed_origins=[*(f"http://{host}" for host in local), *settings.allowed_origins],
    )


async def serve(made: MCPServer[Any], settings: Settings) -> None:
    """Serve until the process is told to end. Each request stands alone: no session, no key is kept."""
    app = made.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        max_request_body_size=_MAX_BODY_BYTES,
        transport_security=security(settings),
        host=settings.host,
    )
    config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((settings.host, settings.port))
        port = listening.getsockname()[1]
        host = f"[{settings.host}]" if family == socket.AF_INET6 else settings.host
        sys.stderr.write(f"coinlake-mcp: listening on http://{host}:{port}{PATH}\n")
        sys.stderr.flush()
        await uvicorn.Server(config).serve(sockets=[listening])
