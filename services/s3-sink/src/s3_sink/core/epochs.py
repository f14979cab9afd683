"""The epoch of a topic: read from the bucket, and made on first sight."""

from contextlib import suppress

from coinlake.contracts.epochs import Epoch, parse_epoch
from coinlake.contracts.raw_layout import CHAIN_PREFIX, epoch_key
from coinlake.errors import InvariantError, PreconditionFailedError, TransientError
from s3_sink.core.ports import Log, Store

FIRST_SIGHT = "first sight of the topic"


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
