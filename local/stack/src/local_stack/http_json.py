"""Reads JSON from the stack's own HTTP endpoints."""

import json
import urllib.request
from typing import Any

_TIMEOUT_S = 5.0
# Everything is on this machine; a proxy of the person's environment must not be asked.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def get_json(url: str) -> Any:
    """The body of a GET. Raises OSError or ValueError where there is none."""
    with _OPENER.open(url, timeout=_TIMEOUT_S) as answer:
        return json.loads(answer.read())


def get_json_or_none(url: str) -> Any:
    """The body of a GET; None while nobody answers there."""
    try:
        return get_json(url)
    except (OSError, ValueError):
        return None
