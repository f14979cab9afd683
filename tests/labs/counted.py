"""A store that counts what is asked of it."""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from tests.labs.bucket import Bucket, BucketStore, Faults

Answer = TypeVar("Answer")


class Counted(Faults):
    """A network without faults. `calls` are requests as S3 bills them, by operation."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: Counter[str] = Counter()
        self.asked: list[str] = []

    async def ask(self, what: str, apply: Callable[[], Answer]) -> Answer:
        operation, _, _key = what.partition(" ")
        self.calls[operation] += 1
        self.asked.append(what)
        answer = await super().ask(what, apply)
        if operation == "HEAD" and answer is None:
            # The adapter asks once more, in a way that can be refused in S3's own words (ADR 65).
            self.calls["GET"] += 1
        return answer


def counted_store() -> tuple[BucketStore, Counted]:
    """An empty store, and what counts its calls."""
    network = Counted()
    return BucketStore(Bucket(), network), network
