"""`coinlake audit`: proves that the raw zone holds every record once, or names what differs."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from coinlake.contracts.hours import UNKNOWN_HOUR
from coinlake.contracts.topics import copied_by_the_sink
from coinlake.store import ObjectStore
from coinlake_tools.chain_audit import Audited, Chain, Finding, Kind, Tile, tail_findings
from coinlake_tools.deep_audit import kafka_finding, object_findings
from coinlake_tools.lake_chain import TopicView, raw_topics, stray_findings, topic_view
from coinlake_tools.lake_log import Kept, LakeLog

_LOOK_AGAIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the audit found. `topics` is per topic, epoch and partition, in JSON's types."""

    deep: bool
    topics: Mapping[str, Any]
    findings: tuple[Finding, ...]

    @property
    def is_proven(self) -> bool:
        return not self.findings

    def body(self) -> dict[str, Any]:
        """The machine-readable verdict."""
        first = next((one for one in self.findings if one.offset is not None), None)
        return {
            "verdict": "proven" if self.is_proven else "differs",
            "deep": self.deep,
            "first_difference": None if first is None else asdict(first),
            "findings": [asdict(one) for one in self.findings],
            "topics": self.topics,
        }


class Audit:
    """One audit of a bucket against a broker; it reads, and writes nothing."""

    def __init__(
        self,
        store: ObjectStore,
        log: LakeLog,
        *,
        deep: bool,
        wait_s: float,
        raw_expires: bool = False,
    ) -> None:
        self._store = store
        self._log = log
        self._deep = deep
        self._wait_s = wait_s
        self._raw_expires = raw_expires

    async def run(self, topics: Sequence[str], say: Callable[[str], None]) -> Verdict:
        """Audit these topics, or all that the bucket or the contract knows.

        Raises TransientError where bucket or broker cannot be looked at.
        """
        findings = [] if topics else await stray_findings(self._store)
        every = topics or sorted({*await raw_topics(self._store), *copied_by_the_sink()})
        told: dict[str, Any] = {}
        for topic in every:
            kept = await self._log.kept(topic)
            view = await self._settled(topic, kept)
            found, told[topic] = await self._topic(view, kept)
            findings += [*await self._identity(view), *found]
            say(f"{topic}: {_sentence(told[topic], found)}")
        return Verdict(self._deep, told, tuple(findings))

    async def _identity(self, view: TopicView) -> list[Finding]:
        """Kafka's topic must be the one that the newest epoch is of, whatever their offsets say."""
        recorded = view.epochs[view.newest].topic_id if view.newest else None
        now = await self._log.topic_id(view.topic)
        if recorded is None or now in (None, recorded):
            return []
        said = f"epoch {view.newest} has the topic id {recorded}, Kafka's topic has {now}: the topic was re-created"
        return [Finding(Kind.EPOCH, view.topic, said, view.newest)]

    async def _settled(self, topic: str, kept: Mapping[int, Kept]) -> TopicView:
        """The bucket once it has what the broker had at the beginning, or the wait is over."""
        left_s = self._wait_s
        while True:
            view = await topic_view(self._store, topic)
            if _has_gap(view):
                # A listing is no single moment: an object may land where it has passed already.
                view = await topic_view(self._store, topic)
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
                return view
            await asyncio.sleep(_LOOK_AGAIN_S)
            left_s -= _LOOK_AGAIN_S

    async def _topic(
        self, view: TopicView, kept: Mapping[int, Kept]
    ) -> tuple[list[Finding], dict[str, Any]]:
        findings, told = list(view.findings), {}
        if not view.newest:
            findings += [_no_chain(view.topic, one, kept[one]) for one in kept if kept[one].end]
        for epoch in sorted(view.epochs):
            numbers = {one for number, one in view.chains if number == epoch}
            if epoch == view.newest:
                numbers |= set(kept)
            for number in sorted(numbers):
                log = kept.get(number) if epoch == view.newest else None
                found, said = await self._partition(view, epoch, number, log)
                findings += found
                told[f"{epoch}-{number}"] = said
        return findings, told

    async def _partition(
        self, view: TopicView, epoch: int, number: int, log: Kept | None
    ) -> tuple[list[Finding], dict[str, Any]]:
        result = view.audited(epoch, number)
        chain = view.chain(epoch, number)
        findings, unconfirmed = await self._without_markers(chain, result, log)
        expired_to = None
        if self._raw_expires and result.tiles and result.tiles[0].key.link > result.origin:
            # What is left begins later than the epoch: by the bucket's rule, not by a loss.
            expired_to = result.tiles[0].key.link
            at = (Kind.MISSING, result.origin)
            findings = [one for one in findings if (one.kind, one.offset) != at]
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
        return findings, {
            **_told(result, log, findings, compared),
            "unconfirmed_holes": unconfirmed,
            "expired_to": expired_to,
        }

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


def _told(
    result: Audited, log: Kept | None, findings: Sequence[Finding], compared: int
) -> dict[str, Any]:
    offsets = [one.offset for one in findings if one.offset is not None]
    return {
        "origin": result.origin,
        "end": result.end,
        "log_start": None if log is None else log.start,
        "log_end": None if log is None else log.end,
        "objects": len(result.tiles),
        "records": sum(tile.meta.records for tile in result.tiles),
        "values": sum(tile.meta.values for tile in result.tiles),
        "stored_to_ms": max(
            (
                tile.meta.max_timestamp_ms
                for tile in result.tiles
                if tile.meta.values and tile.key.hour != UNKNOWN_HOUR
            ),
            default=None,
        ),
        "compared_with_kafka": compared,
        "given_up": [
            {"from": tile.key.link, "to": tile.meta.next_offset, "reason": tile.abandoned}
            for tile in result.tiles
            if tile.abandoned is not None
        ],
        "first_difference": min(offsets, default=None),
    }


def _no_chain(topic: str, number: int, log: Kept) -> Finding:
    said = f"[{log.start}, {log.end}) is in Kafka, but no chain was ever started"
    return Finding(Kind.EPOCH, topic, said, None, number, log.start)


def _sentence(told: Mapping[str, Any], findings: Sequence[Finding]) -> str:
    objects = sum(one["objects"] for one in told.values())
    records = sum(one["records"] for one in told.values())
    state = "proven" if not findings else f"{len(findings)} findings"
    return f"{state}; {objects} objects, {records} records, {len(told)} chains"
