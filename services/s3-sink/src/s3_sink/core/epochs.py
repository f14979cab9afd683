"""Epochs: within topic, epoch and partition an offset means one record for ever."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from coinlake.contracts.raw_layout import CHAIN_PREFIX, epoch_key
from coinlake.errors import InvariantError, PreconditionFailedError, TransientError
from s3_sink.core.ports import Log, Store

FIRST_SIGHT = "first sight of the topic"


@dataclass(frozen=True, slots=True)
class Epoch:
    """The epoch of a topic: where the chain of each partition begins, and why it was made."""

    topic: str
    number: int
    origins: Mapping[int, int]
    reason: str
    created_at_ms: int

    def origin(self, partition: int) -> int:
        """The offset at which a partition's chain begins.

        A partition that was added after the epoch began starts where Kafka starts it: at 0.
        """
        return self.origins.get(partition, 0)

    def encode(self) -> bytes:
        """The record as the bucket keeps it."""
        record = {
            "topic": self.topic,
            "epoch": self.number,
            "origins": {str(number): at for number, at in sorted(self.origins.items())},
            "reason": self.reason,
            "created_at_ms": self.created_at_ms,
        }
        return json.dumps(record, indent=1).encode() + b"\n"


def parse_epoch(body: bytes) -> Epoch:
    """Read an epoch's record back. Raises ValueError where it is none."""
    try:
        raw = json.loads(body)
        return Epoch(
            topic=str(raw["topic"]),
            number=int(raw["epoch"]),
            origins={int(number): int(at) for number, at in raw["origins"].items()},
            reason=str(raw["reason"]),
            created_at_ms=int(raw["created_at_ms"]),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not an epoch: {error!r}") from error


async def current_epoch(store: Store, log: Log, topic: str, now_ms: int) -> Epoch:
    """The newest epoch of a topic; on first sight epoch 1 is made from the log's starts.

    Raises InvariantError where its record cannot be read, TransientError.
    """
    newest = await _newest(store, topic)
    if newest is None:
        origins = dict(await log.starts(topic))
        if not origins:
            raise TransientError(f"topic {topic} has no partitions yet")
        first = Epoch(topic, 1, origins, FIRST_SIGHT, now_ms)
        newest = 1
        # Another sink may see the topic first: its origins hold, so ours are not trusted either.
        with suppress(PreconditionFailedError):
            await store.put(
                epoch_key(topic, 1),
                first.encode(),
                if_none_match=True,
                content_type="application/json",
            )
    return await _read(store, topic, newest)


async def _newest(store: Store, topic: str) -> int | None:
    prefix = f"{CHAIN_PREFIX}{topic}/"
    names = [entry.key.removeprefix(prefix) async for entry in store.list(prefix)]
    numbers = [name.removesuffix(".json") for name in names if name.endswith(".json")]
    return max((int(number) for number in numbers if number.isdecimal()), default=None)


async def _read(store: Store, topic: str, number: int) -> Epoch:
    key = epoch_key(topic, number)
    body = await store.get(key)
    if body is None:
        raise TransientError(f"{key} is not there yet")
    try:
        epoch = parse_epoch(body)
    except ValueError as error:
        raise InvariantError(f"{key}: {error}") from error
    if (epoch.topic, epoch.number) != (topic, number):
        raise InvariantError(f"{key} says that it is epoch {epoch.number} of {epoch.topic}")
    return epoch
