"""The chains as they lie in the bucket: epochs, and objects with their metadata."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from coinlake.contracts.epochs import Epoch, parse_epoch
from coinlake.contracts.raw_layout import (
    CHAIN_PREFIX,
    RAW_PREFIX,
    RawKey,
    parse_raw_key,
    topic_prefix,
)
from coinlake.fan_out import fan_out
from coinlake.store import ObjectStore
from coinlake_tools.chain_audit import Audited, Chain, Finding, Kind, Seen, audited

# HEADs at a time: one would be slow over a lake of years, hundreds would be throttled.
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class TopicView:
    """What the bucket has of a topic. `findings` are about files that are in no chain."""

    topic: str
    epochs: dict[int, Epoch]
    chains: dict[tuple[int, int], list[Seen]]
    findings: list[Finding] = field(default_factory=list)

    @property
    def newest(self) -> int:
        """The newest epoch's number; 0 where there is none."""
        return max(self.epochs, default=0)

    def chain(self, epoch: int, partition: int) -> Chain:
        return Chain(self.topic, epoch, partition, self.epochs[epoch].origin(partition))

    def audited(self, epoch: int, partition: int) -> Audited:
        """Walk along one chain of an epoch that is there."""
        return audited(self.chain(epoch, partition), self.chains.get((epoch, partition), []))


async def raw_topics(store: ObjectStore) -> set[str]:
    """Every topic that has a folder in raw/ or in chain/."""
    found = set()
    for prefix in (RAW_PREFIX, CHAIN_PREFIX):
        async for folder in store.list_folders(prefix):
            found.add(folder.removeprefix(prefix).rstrip("/"))
    return found


async def stray_findings(store: ObjectStore) -> list[Finding]:
    """Files that lie directly in raw/, outside of every topic."""
    return [
        _foreign("", entry.key)
        async for entry in store.list(RAW_PREFIX)
        if "/" not in entry.key.removeprefix(RAW_PREFIX)
    ]


async def topic_view(store: ObjectStore, topic: str) -> TopicView:
    """Everything of a topic, with metadata. Raises TransientError."""
    epochs, findings = await _epochs(store, topic)
    keys: list[RawKey] = []
    async for entry in store.list(topic_prefix(topic)):
        key = parse_raw_key(entry.key)
        if key is None:
            findings.append(_foreign(topic, entry.key))
        elif key.epoch not in epochs:
            said = f"{key} belongs to epoch {key.epoch}, which has no record"
            findings.append(Finding(Kind.EPOCH, topic, said, key.epoch, key=str(key)))
        else:
            keys.append(key)
    chains: dict[tuple[int, int], list[Seen]] = {}
    for seen in await _heads(store, keys):
        chains.setdefault((seen.key.epoch, seen.key.partition), []).append(seen)
    return TopicView(topic, epochs, chains, findings)


async def _heads(store: ObjectStore, keys: Sequence[RawKey]) -> list[Seen]:
    async def head(key: RawKey) -> Seen:
        answer = await store.head(str(key))
        return Seen(key, None if answer is None else answer.metadata)

    return await fan_out(head, keys, _AT_ONCE)


async def _epochs(store: ObjectStore, topic: str) -> tuple[dict[int, Epoch], list[Finding]]:
    epochs: dict[int, Epoch] = {}
    findings: list[Finding] = []
    prefix = f"{CHAIN_PREFIX}{topic}/"
    async for entry in store.list(prefix):
        name = entry.key.removeprefix(prefix).removesuffix(".json")
        body = await store.get(entry.key)
        try:
            epoch = parse_epoch(body or b"")
            if (epoch.topic, str(epoch.number)) != (topic, name):
                raise ValueError(f"says epoch {epoch.number} of {epoch.topic}")
        except ValueError as error:
            findings.append(Finding(Kind.EPOCH, topic, str(error), key=entry.key))
        else:
            epochs[epoch.number] = epoch
    missing = set(range(1, max(epochs, default=0))) - set(epochs)
    findings += [
        Finding(Kind.EPOCH, topic, f"epoch {number} has no record", number)
        for number in sorted(missing)
    ]
    return epochs, findings


def _foreign(topic: str, key: str) -> Finding:
    return Finding(Kind.FOREIGN, topic, "this is not a valid name for a raw object", key=key)
