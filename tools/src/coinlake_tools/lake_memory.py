"""The audit's memory as it lies in the bucket: read whole, written where nobody was faster."""

from dataclasses import dataclass, field

from coinlake import logs
from coinlake.errors import (
    ConflictError,
    NotFoundError,
    PreconditionFailedError,
    TransientError,
)
from coinlake.store import ObjectStore
from coinlake_tools.audit_memory import (
    ChainMemory,
    NewerMemoryError,
    memory_key,
    memory_prefix,
    parse_memory,
)

log = logs.get(__name__)


@dataclass(frozen=True, slots=True)
class TopicMemory:
    """The memories of a topic's chains. `ignored` says which files are not used, and why."""

    chains: dict[tuple[int, int], ChainMemory] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)
    newer: frozenset[str] = frozenset()
    ignored: dict[str, str] = field(default_factory=dict)


async def load(store: ObjectStore, topic: str) -> TopicMemory:
    """What is remembered of a topic. Raises TransientError."""
    memory, newer = TopicMemory(), set[str]()
    async for entry in store.list(memory_prefix(topic)):
        memory.etags[entry.key] = entry.etag
        body = await store.get(entry.key)
        try:
            found = parse_memory(body or b"")
            if memory_key(topic, found.epoch, found.partition) != entry.key:
                raise ValueError(f"it says {found.topic} {found.epoch}-{found.partition}")
        except ValueError as error:
            memory.ignored[entry.key] = str(error)
            if isinstance(error, NewerMemoryError):
                newer.add(entry.key)
        else:
            memory.chains[found.epoch, found.partition] = found
    return TopicMemory(memory.chains, memory.etags, frozenset(newer), memory.ignored)


async def save(store: ObjectStore, before: TopicMemory, memory: ChainMemory) -> str | None:
    """Write a memory over the one that was read; why it was not, where it was not.

    A verdict does not depend on it: what is not remembered is proven again.
    """
    key = memory_key(memory.topic, memory.epoch, memory.partition)
    if key in before.newer:
        return "a later release wrote it"
    etag = before.etags.get(key)
    try:
        await store.put(
            key,
            memory.encode(),
            if_none_match=etag is None,
            if_match=etag,
            content_type="application/json",
        )
    except (PreconditionFailedError, ConflictError, NotFoundError):
        return "another audit was faster"
    except TransientError as error:
        log.warning("memory_not_saved", key=key, reason=str(error))
        return str(error)
    return None
