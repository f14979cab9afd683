"""`coinlake audit`: proves that the raw zone holds every record once, or names what differs."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from coinlake.contracts.topics import copied_by_the_sink
from coinlake.store import ObjectStore
from coinlake_tools import audit_verdict as say_of
from coinlake_tools.audit_memory import ChainMemory, Counted, DayLook
from coinlake_tools.audit_verdict import Verdict
from coinlake_tools.chain_audit import Audited, Chain, Finding, Kind, Tile, tail_findings
from coinlake_tools.deep_audit import kafka_finding, object_findings
from coinlake_tools.full_look import FullLook
from coinlake_tools.lake_chain import (
    Heads,
    TopicView,
    raw_topics,
    stray_findings,
    topic_epochs,
)
from coinlake_tools.lake_log import Kept, LakeLog
from coinlake_tools.lake_memory import TopicMemory, load, save
from coinlake_tools.remembered_look import RememberedLook, Where
from coinlake_tools.remembering import memory_of

_LOOK_AGAIN_S = 2.0
_LOOK_AGAIN_CAP_S = 60.0
# Days that are proven again in a day: a lake of three years in a month.
PROVEN_AGAIN_A_DAY = 36

Look = FullLook | RememberedLook


class Audit:
    """One audit of a bucket against a broker. It writes nothing but what it remembers.

    `again` is how many older days are looked at again; None proves everything anew.
    """

    def __init__(
        self,
        store: ObjectStore,
        log: LakeLog,
        *,
        deep: bool,
        wait_s: float,
        raw_expires: bool = False,
        again: int | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._store = store
        self._log = log
        self._deep = deep
        self._wait_s = wait_s
        self._raw_expires = raw_expires
        self._again = None if deep else again
        self._now_ms = now_ms

    async def run(self, topics: Sequence[str], say: Callable[[str], None]) -> Verdict:
        """Audit these topics, or all that the bucket or the contract knows.

        Raises TransientError where bucket or broker cannot be looked at.
        """
        findings = [] if topics else await stray_findings(self._store)
        every = topics or sorted({*await raw_topics(self._store), *copied_by_the_sink()})
        told: dict[str, Any] = {}
        ignored: dict[str, str] = {}
        proofs: list[int] = []
        for topic in every:
            kept, memory = await self._log.kept(topic), await load(self._store, topic)
            ignored |= memory.ignored
            look = await self._look(topic, kept, memory)
            view = await self._settled(look, kept)
            found, told[topic] = await self._topic(view, kept, look, memory)
            findings += [*await self._identity(view), *found]
            proofs += [one["oldest_proof_ms"] for one in told[topic].values()]
            say(f"{topic}: {say_of.sentence(told[topic], found)}")
        for key, reason in ignored.items():
            say(f"{key} is not trusted, and all of its topic was proven anew: {reason}")
        full = all(one["remembered"] is None for of in told.values() for one in of.values())
        oldest = min(proofs, default=None)
        return Verdict(self._deep, told, tuple(findings), full, oldest, ignored)

    async def _look(self, topic: str, kept: Mapping[int, Kept], memory: TopicMemory) -> Look:
        """A look that goes on from what is remembered, where that is all that is needed."""
        now_ms, heads = self._now_ms(), Heads(self._store)
        epochs, _ = await topic_epochs(self._store, topic)
        newest = max(epochs, default=0)
        chains = {
            (number, partition): epoch.origin(partition)
            for number, epoch in epochs.items()
            for partition in {*epoch.origins, *(kept if number == newest else ())}
        }
        known = all(
            at in memory.chains and memory.chains[at].origin == origin
            for at, origin in chains.items()
        )
        if self._again is None or not chains or not known or memory.ignored:
            return FullLook(self._store, topic, now_ms, heads)
        memories = {at: one for at, one in memory.chains.items() if at[0] in epochs}
        return RememberedLook(self._store, self._log, topic, memories, now_ms, heads)

    async def _identity(self, view: TopicView) -> list[Finding]:
        """Kafka's topic must be the one that the newest epoch is of, whatever their offsets say."""
        recorded = view.epochs[view.newest].topic_id if view.newest else None
        now = await self._log.topic_id(view.topic)
        if recorded is None or now in (None, recorded):
            return []
        said = f"epoch {view.newest} has the topic id {recorded}, Kafka's topic has {now}: the topic was re-created"
        return [Finding(Kind.EPOCH, view.topic, said, view.newest)]

    async def _settled(self, look: Look, kept: Mapping[int, Kept]) -> TopicView:
        """The bucket once it has what the broker had at the beginning, or the wait is over."""
        left_s, nap_s = self._wait_s, _LOOK_AGAIN_S
        while True:
            view = await look.view()
            if _has_gap(view):
                # A listing is no single moment: an object may land where it has passed already.
                view = await look.view()
            view = await look.searched(view, kept)
            # Before the first epoch's record a sink has not begun yet.
            open_ = [
                number
                for number in kept
                if (
                    await self._tail(view, number, kept[number])
                    if view.newest
                    else kept[number].end
                )
            ]
            if not open_ or left_s <= 0:
                break
            await asyncio.sleep(min(nap_s, left_s))
            left_s -= nap_s
            # Each look is paid for, and what is still open will be stored within a minute.
            nap_s = min(2 * nap_s, _LOOK_AGAIN_CAP_S)
        if self._again is not None:
            await look.prove_again(self._again, raw_expires=self._raw_expires)
        return await look.seen()

    async def _topic(
        self, view: TopicView, kept: Mapping[int, Kept], look: Look, memory: TopicMemory
    ) -> tuple[list[Finding], dict[str, Any]]:
        findings, told = list(view.findings), {}
        differing = await look.differing(view)
        if not view.newest:
            findings += [
                say_of.no_chain(view.topic, one, kept[one]) for one in kept if kept[one].end
            ]
        for epoch in sorted(view.epochs):
            numbers = {one for number, one in (*view.chains, *view.before) if number == epoch}
            if epoch == view.newest:
                numbers |= set(kept)
            numbers |= set(view.epochs[epoch].origins)
            for number in sorted(numbers):
                at = (epoch, number)
                log = kept.get(number) if epoch == view.newest else None
                found, said, after = await self._partition(
                    view, at, log, look, differing.get(at, {})
                )
                said["saved"] = (
                    None if after is None else await save(self._store, memory, after)
                )
                findings += found
                told[f"{epoch}-{number}"] = said
        return findings, told

    async def _partition(
        self,
        view: TopicView,
        at: Where,
        log: Kept | None,
        look: Look,
        differing: Mapping[str, DayLook],
    ) -> tuple[list[Finding], dict[str, Any], ChainMemory | None]:
        """What is wrong with a chain, what is told of it, and what is to be remembered."""
        epoch, number = at
        result, chain, before = view.audited(*at), view.chain(*at), look.memories.get(at)
        findings, unconfirmed = await self._without_markers(chain, result, log)
        expired_to = self._expired_to(before, result, differing)
        if before is not None:
            begin = before.origin if expired_to is None else expired_to
            findings += say_of.day_findings(chain, differing, begin)
        elif expired_to is not None:
            # What is left begins later than the epoch: by the bucket's rule, not by a loss.
            first = (Kind.MISSING, result.origin)
            findings = [one for one in findings if (one.kind, one.offset) != first]
        if log is not None:
            findings += await self._tail(view, number, log)
        elif epoch == view.newest:
            said = "the broker does not know this partition"
            findings.append(chain.finding(Kind.AHEAD, said, result.end))
        compared = 0
        if self._deep:
            found, compared = await self._read(chain, result, log)
            findings += found
        findings.sort(key=lambda one: -1 if one.offset is None else one.offset)
        sums = say_of.counted(
            Counted() if before is None else before.counted,
            result.tiles,
            unconfirmed,
            expired_to,
        )
        told = say_of.told(result, log, findings, compared, sums)
        after = memory_of(chain, result, sums, look, before, differing)
        # What waits in Kafka takes nothing from what was proven before it.
        is_sound = all(one.kind is Kind.TAIL for one in findings)
        kept = after if is_sound else before
        told |= say_of.remembered(before, kept or after, look.days_looked_at)
        return findings, told, after if is_sound else None

    def _expired_to(
        self, before: ChainMemory | None, result: Audited, differing: Mapping[str, DayLook]
    ) -> int | None:
        """Where what a rule of the bucket has left begins; None where nothing is gone."""
        if before is None:
            start = result.tiles[0].key.link if result.tiles else result.origin
            return start if self._raw_expires and start > result.origin else None
        if not self._raw_expires:
            return before.counted.expired_to
        begin = say_of.expired_to(before, differing)
        return begin if begin > before.origin else None

    async def _without_markers(
        self, chain: Chain, result: Audited, log: Kept | None
    ) -> tuple[list[Finding], int]:
        """The findings without the holes that are markers of transactions, as Kafka confirms.

        The second is the number of holes of which Kafka has nothing more to say: the objects
        themselves tell of them, so they are no finding either.
        """
        tiles = {str(tile.key): tile for tile in result.tiles}
        findings, unconfirmed = [], 0
        for one in result.findings:
            tile = tiles.get(one.key or "")
            if one.kind is not Kind.HOLE or tile is None:
                findings.append(one)
            elif log is None or tile.key.link < log.start:
                unconfirmed += 1
            elif not await self._has_markers(chain, tile):
                findings.append(one)
        return findings, unconfirmed

    async def _has_markers(self, chain: Chain, tile: Tile) -> bool:
        theirs = await self._log.records(
            chain.topic, chain.partition, tile.key.link, tile.meta.next_offset
        )
        return len(theirs) == tile.meta.records

    async def _tail(self, view: TopicView, number: int, log: Kept) -> list[Finding]:
        chain = view.chain(view.newest, number)
        end = view.audited(view.newest, number).end
        if end > log.end:
            # The log was asked before the bucket, and sinks store what came in between. It only
            # grows, so what it has not by now it never had.
            log = (await self._log.kept(view.topic)).get(number, log)
            if end <= log.end:
                return []
        found = tail_findings(chain, end, log.start, log.end)
        if [one.kind for one in found] == [Kind.TAIL]:
            # Heartbeats alone make no object: they wait in Kafka for a value.
            open_ = await self._log.records(chain.topic, number, max(end, log.start), log.end)
            if all(record.value is None for record in open_):
                return []
        return found

    async def _read(
        self, chain: Chain, result: Audited, log: Kept | None
    ) -> tuple[list[Finding], int]:
        """Read every object again; the findings, and how many records Kafka could confirm."""
        findings: list[Finding] = []
        compared = 0
        for tile in result.tiles:
            body = await self._store.get(str(tile.key))
            records, found = object_findings(chain, tile, body)
            findings += found
            if log is None or tile.meta.next_offset <= log.start or not records:
                continue
            theirs = await self._log.records(
                chain.topic, chain.partition, tile.key.link, tile.meta.next_offset
            )
            compared += len(theirs)
            differing = kafka_finding(chain, tile, records, theirs)
            findings += [] if differing is None else [differing]
        return findings, compared


def _has_gap(view: TopicView) -> bool:
    return any(
        one.kind is Kind.MISSING
        for epoch, number in view.chains
        for one in view.audited(epoch, number).findings
    )
