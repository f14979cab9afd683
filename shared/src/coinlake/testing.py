"""Fakes with memory: they behave like the real thing and remember what happened."""

from collections.abc import Sequence
from dataclasses import dataclass

from coinlake.contracts.headers import Header
from coinlake.errors import TransientError


class FakeClock:
    """A clock that moves only when told."""

    def __init__(self, now_s: float = 1_700_000_000.0) -> None:
        self.now_s = now_s

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


@dataclass(frozen=True, slots=True)
class SentRecord:
    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]
    timestamp_ms: int | None
    partition: int | None


class FakeProducer:
    """A producer that remembers what was acknowledged; `down` makes sends fail."""

    def __init__(self, *, down: bool = False) -> None:
        self.sent: list[SentRecord] = []
        self.down = down

    async def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[Header] = (),
        timestamp_ms: int | None = None,
        partition: int | None = None,
    ) -> int:
        if self.down:
            raise TransientError("the fake broker is down")
        offset = sum(record.topic == topic for record in self.sent)
        self.sent.append(SentRecord(topic, key, value, tuple(headers), timestamp_ms, partition))
        return offset
