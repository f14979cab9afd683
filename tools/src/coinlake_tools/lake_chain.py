"""The chains as they lie in the bucket: epochs, and objects with their metadata."""

from collections.abc import Container, Iterable, Mapping, Sequence
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
from coinlake.store import Listed, ObjectStore
from coinlake_tools.chain_audit import Audited, Chain, Finding, Kind, Prefix, Seen, audited

# HEADs at a time: one would be slow over a lake of years, hundreds would be throttled.
_AT_ONCE = 16
# No name in a folder is behind it (S3 API, ListObjectsV2: keys are in the order of their UTF-8 bytes).
LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class TopicView:
    """What the bucket has of a topic. `findings` are about files that are in no chain.

    `before` are the prefixes of chains that were proven before: `chains` has what is behind them.
    """

    topic: str
    epochs: dict[int, Epoch]
    chains: dict[tuple[int, int], list[Seen]]
    findings: list[Finding] = field(default_factory=list)
    before: dict[tuple[int, int], Prefix] = field(default_factory=dict)

    @property
    def newest(self) -> int:
        """The newest epoch's number; 0 where there is none."""
        return max(self.epochs, default=0)

    def chain(self, epoch: int, partition: int) -> Chain:
        return Chain(self.topic, epoch, partition, self.epochs[epoch].origin(partition))

    def audited(self, epoch: int, partition: int) -> Audited:
        """Walk along one chain of an epoch that is there."""
        at = (epoch, partition)
        return audited(self.chain(*at), self.chains.get(at, []), self.before.get(at))


class Heads:
    """HEADs of one audit: an object that was looked at is not asked again."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._known: dict[Listed, Mapping[str, str]] = {}

    async def look(self, objects: Sequence[tuple[RawKey, Listed]]) -> list[Seen]:
        """The objects with their metadata. Raises TransientError."""
        return await fan_out(self._one, objects, _AT_ONCE)

    async def _one(self, named: tuple[RawKey, Listed]) -> Seen:
        key, listed = named
        metadata = self._known.get(listed)
        if metadata is None:
            answer = await self._store.head(listed.key)
            if answer is None:
                return Seen(key, None, listed)
            metadata = self._known[listed] = answer.metadata
        return Seen(key, metadata, listed)


async def raw_topics(store: ObjectStore) -> set[str]:
    """Every topic that has a folder in raw/ or in chain/."""
    found = set()
    for prefix in (RAW_PREFIX, CHAIN_PREFIX):
        async for folder in store.list_folders(prefix):
            found.add(folder.removeprefix(prefix).rstrip("/"))
    return found


async def stray_findings(store: ObjectStore) -> list[Finding]:
    """Files that lie directly in raw/, outside of every topic: one LIST for each topic."""
    found, behind = [], RAW_PREFIX
    while True:
        async for entry in store.list(RAW_PREFIX, behind):
            folder, slash, _ = entry.key.removeprefix(RAW_PREFIX).partition("/")
            if slash:
                behind = f"{RAW_PREFIX}{folder}/{LAST_CHARACTER}"
                break
            found.append(_foreign("", entry.key))
        else:
            return found


async def topic_view(store: ObjectStore, topic: str, heads: Heads | None = None) -> TopicView:
    """Everything of a topic, with metadata. Raises TransientError."""
    epochs, findings = await topic_epochs(store, topic)
    entries = [entry async for entry in store.list(topic_prefix(topic))]
    named, strange = sorted_out(topic, epochs, entries)
    chains: dict[tuple[int, int], list[Seen]] = {}
    for seen in await (heads or Heads(store)).look(named):
        chains.setdefault((seen.key.epoch, seen.key.partition), []).append(seen)
    return TopicView(topic, epochs, chains, findings + strange)


def sorted_out(
    topic: str, epochs: Container[int], entries: Iterable[Listed]
) -> tuple[list[tuple[RawKey, Listed]], list[Finding]]:
    """Raw objects of known epochs, and findings about all other files."""
    named: list[tuple[RawKey, Listed]] = []
    findings: list[Finding] = []
    for entry in entries:
        key = parse_raw_key(entry.key)
        if key is None:
            findings.append(_foreign(topic, entry.key))
        elif key.epoch not in epochs:
            said = f"{key} belongs to epoch {key.epoch}, which has no record"
            findings.append(Finding(Kind.EPOCH, topic, said, key.epoch, key=str(key)))
        else:
            named.append((key, entry))
    return named, findings


async def topic_epochs(
    store: ObjectStore, topic: str
) -> tuple[dict[int, Epoch], list[Finding]]:
    """The epochs of a topic by number, and what is wrong with their records."""
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
