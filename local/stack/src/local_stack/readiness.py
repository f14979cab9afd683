"""Whether something that was started can be used: it is asked, never waited for by the clock."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable

from local_stack import kafka_probe
from local_stack.ports import HOST

_TIMEOUT_S = 2.0

Check = Callable[[], str | None]
"""None when ready, otherwise what it still waits for."""

# Everything is on this machine; a proxy of the person's environment must not be asked.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def http_ready(url: str) -> Check:
    """Ready when the URL answers 200; a service's own reasons are passed on."""

    def check() -> str | None:
        try:
            with _OPENER.open(url, timeout=_TIMEOUT_S):
                return None
        except urllib.error.HTTPError as error:
            return _reasons(error.read())
        except OSError:
            return "no answer yet"

    return check


def kafka_ready(port: int) -> Check:
    """Ready when the broker answers a metadata request with itself."""

    def check() -> str | None:
        try:
            found = kafka_probe.brokers(HOST, port)
        except OSError:
            return "no answer yet"
        return None if found else "no broker registered yet"

    return check


def _reasons(body: bytes) -> str:
    try:
        needs = json.loads(body)["needs"]
        return "; ".join(f"{name}: {said}" for name, said in needs.items() if said != "ok")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "not ready yet"
