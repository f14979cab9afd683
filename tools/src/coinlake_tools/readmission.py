"""`coinlake readmit`: judges rejected answers again, and sends what can be used now to its own topic.

A record goes out with the value, key, headers and timestamp that it came with. So it lands in its own
hour, which becomes dirty and is rebuilt; and one that is sent again is one answer all the same, since
equal key and value within an hour are (`coinlake_kernel.hour`).
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from coinlake.contracts import headers
from coinlake.contracts.answers import Judgement, RejectReason, judge
from coinlake.contracts.datasets import REJECTED, Dataset, dataset_of_page
from coinlake.contracts.hours import Hour, hour_of
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_index import RawFormatError, Record
from coinlake.contracts.raw_layout import RawKey, hour_prefix, parse_raw_key
from coinlake.errors import BadRecordError
from coinlake.kafka import Producer
from coinlake.store import ObjectStore


class State(StrEnum):
    """What is to be done with a rejected answer."""

    USABLE = "usable"
    """It can be used now."""
    READMITTED = "readmitted"
    """It was sent to its topic."""
    PRESENT = "present"
    """The raw zone has the same answer in the same hour of its dataset: it was re-admitted before."""
    REJECTED = "rejected"
    """Nothing in it can be used today either."""
    REFUSED = "refused"
    """Kafka refuses the record for good."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rejected answers; an empty set of feeds or reasons has all of them."""

    hours: Sequence[Hour]
    feeds: frozenset[str]
    reasons: frozenset[str]
    max_skew_ms: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """A rejected answer, and what is said of it today. `reason` is what its header says."""

    origin: str
    record: Record
    value: bytes
    reason: str
    dataset: Dataset | None
    judgement: Judgement

    @property
    def page(self) -> str:
        return _page(self.record)

    @property
    def same(self) -> tuple[bytes | None, bytes]:
        """What two records of an hour share of which the tables have one."""
        return self.record.key, hashlib.sha256(self.value).digest()


@dataclass
class Outcome:
    """How many answers came to what, by what is told of them, and what could not be read."""

    states: Counter[State] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return 1 if self.unreadable or self.states[State.REFUSED] else 0


def readmitted(record: Record, origin: str) -> tuple[headers.Header, ...]:
    """The headers of a record that is sent again: without its reason, and with where it is from."""
    kept = (one for one in record.headers if one[0] != headers.REASON)
    return (*kept, (headers.READMITTED_FROM, origin.encode()))


def rejudged(key: RawKey, record: Record, max_skew_ms: int) -> Rejected | None:
    """What the contract of today says of a record of the rejected topic; None for a heartbeat."""
    if record.value is None:
        return None
    told = headers.text_headers(record.headers)
    dataset = dataset_of_page(_page(record))
    status = told.get(headers.STATUS, "")
    if dataset is None or dataset.element is None:
        judgement = Judgement(RejectReason.DATA_UNKNOWN, "its key is no page of a feed")
    elif not (status.isascii() and status.isdigit()):
        judgement = Judgement(RejectReason.UNEXPECTED_STATUS, "its headers have no status")
    else:
        received_ms = (record.timestamp_ms,)
        judgement = judge(dataset.element, int(status), record.value, received_ms, max_skew_ms)
    origin = f"{key.topic}/{key.epoch}/{key.partition}/{record.offset}"
    reason = told.get(headers.REASON, "")
    return Rejected(origin, record, record.value, reason, dataset, judgement)


class Readmission:
    """Goes through the rejected answers of some hours, one raw object in memory at a time.

    Without a producer it only looks.
    """

    def __init__(self, store: ObjectStore, producer: Producer | None) -> None:
        self._store = store
        self._producer = producer
        self._present: dict[tuple[str, Hour], set[tuple[bytes | None, bytes]]] = {}
        self.outcome = Outcome()

    async def run(self, selection: Selection) -> AsyncIterator[str]:
        """A line for each answer, once it is done. Raises TransientError where bucket or Kafka is away:
        what was sent before is sent, and may be sent again."""
        for hour in selection.hours:
            # What is there is known by hour; the next hour has another.
            self._present.clear()
            async for one in self._rejected(hour, selection):
                state = await self._done(one)
                self.outcome.states[state] += 1
                if state is State.REJECTED:
                    self.outcome.reasons[str(one.judgement.reason)] += 1
                yield _line(one, state)

    async def _rejected(self, hour: Hour, selection: Selection) -> AsyncIterator[Rejected]:
        async for key, record in self._records(REJECTED, hour):
            one = rejudged(key, record, selection.max_skew_ms)
            if one is not None and _is_selected(one, selection):
                yield one

    async def _records(
        self, dataset: Dataset, hour: Hour
    ) -> AsyncIterator[tuple[RawKey, Record]]:
        async for listed in self._store.list(hour_prefix(dataset.topic, hour)):
            key, body = parse_raw_key(listed.key), await self._store.get(listed.key)
            if key is None or body is None:
                said = "is gone" if body is None else "is not ours"
                self.outcome.unreadable.append(f"{listed.key}: {said}")
                continue
            try:
                decoded = await asyncio.to_thread(decode, body)
            except RawFormatError as error:
                self.outcome.unreadable.append(f"{listed.key}: {error}")
                continue
            for record in decoded.records:
                yield key, record

    async def _done(self, one: Rejected) -> State:
        if one.judgement.reason is not None or one.dataset is None:
            return State.REJECTED
        present = await self._present_in(one.dataset, hour_of(one.record.timestamp_ms))
        if one.same in present:
            return State.PRESENT
        if self._producer is not None and not await self._sent(one.dataset, one):
            return State.REFUSED
        present.add(one.same)
        return State.USABLE if self._producer is None else State.READMITTED

    async def _present_in(
        self, dataset: Dataset, hour: Hour
    ) -> set[tuple[bytes | None, bytes]]:
        """What the raw zone has of a dataset's hour already."""
        if (dataset.name, hour) not in self._present:
            self._present[dataset.name, hour] = {
                (record.key, hashlib.sha256(record.value).digest())
                async for _, record in self._records(dataset, hour)
                if record.value is not None
            }
        return self._present[dataset.name, hour]

    async def _sent(self, dataset: Dataset, one: Rejected) -> bool:
        assert self._producer is not None
        try:
            await self._producer.send(
                dataset.topic,
                key=one.record.key,
                value=one.value,
                headers=readmitted(one.record, one.origin),
                timestamp_ms=one.record.timestamp_ms,
            )
        except BadRecordError:
            return False
        return True


def summary(outcome: Outcome) -> Iterator[str]:
    """What came of it, for people."""
    yield from (f"unreadable {said}" for said in outcome.unreadable)
    states = outcome.states
    total = sum(states.values())
    told = ", ".join(f"{states[state]} {state}" for state in State if states[state])
    yield f"{total} rejected answers{': ' if told else ''}{told}"
    if outcome.reasons:
        reasons = sorted(outcome.reasons.items())
        yield f"still rejected: {', '.join(f'{count} {name}' for name, count in reasons)}"
    if states[State.USABLE]:
        yield f"nothing was sent: --apply re-admits the {states[State.USABLE]} that are usable"


def _is_selected(one: Rejected, selection: Selection) -> bool:
    feed = "" if one.dataset is None else one.dataset.name
    return (not selection.feeds or feed in selection.feeds) and (
        not selection.reasons or one.reason in selection.reasons
    )


def _line(one: Rejected, state: State) -> str:
    before = one.reason or "no reason"
    if state is State.REJECTED:
        said = f"{before}; today {one.judgement.reason}: {one.judgement.said}"
    else:
        odd = f" ({', '.join(one.judgement.oddities)})" if one.judgement.oddities else ""
        said = f"{before}; today {'degraded' if odd else 'usable'}{odd}"
    return f"{state:<10} {one.origin} {one.page} {said}"


def _page(record: Record) -> str:
    return (record.key or b"").decode("utf-8", "replace")
