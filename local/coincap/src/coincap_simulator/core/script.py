"""Scripted answers: the next few matching requests get what a test wrote down."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from coincap_simulator.core.answers import JSON, HttpAnswer


@dataclass(frozen=True, slots=True)
class Scripted:
    """For the next `left` requests below the prefix. `close`: cut the line amid the body."""

    path_prefix: str
    left: int = 1
    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    delay_ms: int = 0
    close: bool = False

    @property
    def answer(self) -> HttpAnswer:
        return HttpAnswer(self.status, self.body, self.content_type)


class ScriptError(ValueError):
    """What was sent is no script; the text says why."""


class Script:
    """Scripts in the order in which they came; the first that matches answers."""

    def __init__(self) -> None:
        self._steps: list[Scripted] = []

    def add(self, step: Scripted) -> None:
        self._steps.append(step)

    def clear(self) -> None:
        self._steps.clear()

    def pending(self) -> list[Scripted]:
        return list(self._steps)

    def take(self, path: str) -> Scripted | None:
        """The step for this request, used up by one."""
        for index, step in enumerate(self._steps):
            if path.startswith(step.path_prefix):
                rest = [replace(step, left=step.left - 1)] if step.left > 1 else []
                self._steps[index : index + 1] = rest
                return step
        return None


_TYPES: Mapping[str, type] = {
    "path_prefix": str,
    "count": int,
    "status": int,
    "body": str,
    "body_base64": str,
    "content_type": str,
    "headers": dict,
    "delay_ms": int,
    "close": bool,
}


def scripted_from(value: object) -> Scripted:
    """Read what the admin port was sent. Raises ScriptError."""
    given = _checked(value)
    count = cast(int, given.get("count", 1))
    status = cast(int, given.get("status", 200))
    delay_ms = cast(int, given.get("delay_ms", 0))
    if count < 1 or not 200 <= status <= 599 or delay_ms < 0:
        raise ScriptError("count is at least 1, status 200 to 599, delay_ms at least 0")
    return Scripted(
        path_prefix=cast(str, given.get("path_prefix", "/")),
        left=count,
        status=status,
        body=_body(given),
        content_type=cast(str, given.get("content_type", JSON)),
        headers=_headers(given),
        delay_ms=delay_ms,
        close=cast(bool, given.get("close", False)),
    )


def shown(step: Scripted) -> dict[str, object]:
    """A pending step as the admin port shows it; the body by its length only."""
    return {
        "path_prefix": step.path_prefix,
        "count": step.left,
        "status": step.status,
        "bytes": len(step.body),
        "delay_ms": step.delay_ms,
        "close": step.close,
    }


def _checked(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ScriptError("a script is a JSON object")
    for name, item in value.items():
        wanted = _TYPES.get(name)
        if wanted is None:
            raise ScriptError(f"no field {name}; there are {', '.join(_TYPES)}")
        # type() and not isinstance(): true is an int in Python, and never meant as one here.
        if type(item) is not wanted:
            raise ScriptError(f"{name} must be {wanted.__name__}")
    return value


def _headers(given: Mapping[str, object]) -> dict[str, str]:
    headers = cast(dict[str, object], given.get("headers", {}))
    if not all(isinstance(item, str) for item in headers.values()):
        raise ScriptError("headers must be strings")
    return {name: str(item) for name, item in headers.items()}


def _body(given: Mapping[str, object]) -> bytes:
    """`body` is text; `body_base64` is for bytes that are no UTF-8."""
    if "body_base64" not in given:
        return cast(str, given.get("body", "")).encode()
    try:
        return base64.b64decode(cast(str, given["body_base64"]), validate=True)
    except binascii.Error as error:
        raise ScriptError("body_base64 is no base64") from error
