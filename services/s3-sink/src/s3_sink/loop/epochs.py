"""The epoch of a topic: read from the bucket, and made on first sight."""

from contextlib import suppress
from uuid import UUID

from coinlake.contracts.epochs import Epoch, parse_epoch
from coinlake.contracts.raw_layout import CHAIN_PREFIX, epoch_key, parse_raw_key, topic_prefix
from coinlake.errors import InvariantError, PreconditionFailedError, TransientError
from s3_sink.core.ports import Log, Partition, Store

FIRST_SIGHT = "first sight of the topic"


async def current_epoch(
    store: Store, log: Log, topic: str, topic_id: UUID, now_ms: int
) -> Epoch:
    """The newest epoch of a topic; on first sight epoch 1 is made from the log's starts.

    Raises InvariantError where its record cannot be read, is of another topic of that name, or is
    missing although the topic was seen before; TransientError.
    """
    newest = await _newest(store, topic)
    if newest is None:
        await _make_first(store, log, topic, topic_id, now_ms)
        # Listed again: what was there all along, behind a listing that was wrong, counts.
        newest = await _newest(store, topic) or 1
    epoch = await _read(store, topic, newest)
    if epoch.topic_id not in (None, topic_id):
        raise InvariantError(
            f"epoch {newest} is of topic {topic} with the id {epoch.topic_id}, Kafka's has the id "
            f"{topic_id}: the topic was re-created or truncated"
        )
    return epoch


async def require_epoch(store: Store, topic: str, number: int) -> None:
    """The record of an epoch that was read before must still be there.

    Raises InvariantError where it is not: the bucket was emptied or made anew; TransientError.
    """
    if await store.head(epoch_key(topic, number)) is None:
        raise InvariantError(
            f"{epoch_key(topic, number)} has vanished: the bucket was emptied or re-created"
        )


async def _make_first(store: Store, log: Log, topic: str, topic_id: UUID, now_ms: int) -> None:
    origins = dict(await log.starts(topic))
    if not origins:
        raise TransientError(f"topic {topic} has no partitions yet")
    sight = await _earlier_sight(store, log, topic, origins)
    if sight is not None:
        # Another sink may have made the epoch, and stored with it, since it was looked for.
        if await _newest(store, topic) is not None:
            return
        raise InvariantError(sight)
    first = Epoch(topic, 1, origins, FIRST_SIGHT, now_ms, topic_id)
    # Another sink may see the topic first: its origins hold, so ours are not trusted either.
    with suppress(PreconditionFailedError):
        await store.put(
            epoch_key(topic, 1),
            first.encode(),
            if_none_match=True,
            content_type="application/json",
        )


async def _earlier_sight(
    store: Store, log: Log, topic: str, origins: dict[int, int]
) -> str | None:
    """What tells that the topic had an epoch before: a new one would hide a loss."""
    for number in origins:
        commit = await log.committed(Partition(topic, number))
        if commit is not None and parse_raw_key(commit.metadata) is not None:
            return (
                f"the bucket has no epoch of {topic}, but the group has committed "
                f"{commit.metadata}: the bucket was emptied, or this is a different bucket"
            )
    async for entry in store.list(topic_prefix(topic)):
        return f"the bucket has {entry.key} but no epoch of {topic}"
    return None


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
        raise InvariantError(f"{key} claims to be epoch {epoch.number} of {epoch.topic}")
    return epoch
