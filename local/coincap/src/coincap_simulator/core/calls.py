"""The log of requests: every call that arrived, answered or not."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class ReceivedCall:
    """One request. `status` is None until the answer was sent; `auth` tells how the key came."""

    seq: int
    wall_ms: int
    method: str
    path: str
    query: str
    auth: str | None
    user_agent: str
    accept_encoding: str
    status: int | None = None
    key: str | None = None


@dataclass(slots=True)
class Calls:
    """The last calls, and how many are being answered now."""

    kept: int
    in_flight: int = 0
    total: int = 0
    _calls: deque[ReceivedCall] = field(default_factory=deque)

    def began(
        self,
        wall_ms: int,
        method: str,
        path: str,
        query: str,
        *,
        auth: str | None,
        user_agent: str,
        accept_encoding: str,
    ) -> ReceivedCall:
        """Note a call; forget the oldest when full."""
        self.total += 1
        self.in_flight += 1
        call = ReceivedCall(
            self.total, wall_ms, method, path, query, auth, user_agent, accept_encoding
        )
        self._calls.append(call)
        if len(self._calls) > self.kept:
            self._calls.popleft()
        return call

    def ended(self) -> None:
        """One call fewer in flight."""
        self.in_flight -= 1

    def since(self, seq: int) -> Iterator[ReceivedCall]:
        return (call for call in tuple(self._calls) if call.seq > seq)
