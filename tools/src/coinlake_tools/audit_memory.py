"""What an audit remembers of a chain: how far it was proven, and for each day what lay there.

Pure: the file's format, what a day's objects must be, which days are looked at again.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from coinlake.store import Listed
from coinlake_tools.chain_audit import Chain, Finding, Kind, Prefix, Seen, audited

VERSION = 1
AUDIT_PREFIX = "audit/"
Span = tuple[int, int]
"""Offsets [start, stop)."""


@dataclass(frozen=True, slots=True)
class DayProof:
    """A chain's objects in the folder of a day, as they were when it was last looked at."""

    objects: int
    digest: str
    spans: tuple[Span, ...]
    proven_ms: int


@dataclass(frozen=True, slots=True)
class Counted:
    """What a proven prefix adds up to; `expired_to` is where what a rule has left begins."""

    objects: int = 0
    records: int = 0
    values: int = 0
    unconfirmed_holes: int = 0
    stored_to_ms: int | None = None
    expired_to: int | None = None
    given_up: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class ChainMemory:
    """A chain that was proven up to `end` at `written_ms`. `days` has each day since the first."""

    topic: str
    epoch: int
    partition: int
    origin: int
    end: int
    watermark_ms: int | None
    counted: Counted
    days: Mapping[str, DayProof]
    written_ms: int

    @property
    def prefix(self) -> Prefix:
        return Prefix(self.end, self.watermark_ms)

    @property
    def oldest_proof_ms(self) -> int:
        """When the day was looked at that was not for the longest time."""
        return min((day.proven_ms for day in self.days.values()), default=self.written_ms)

    def encode(self) -> bytes:
        """The file, one JSON object."""
        return json.dumps({"version": VERSION, **asdict(self)}, separators=(",", ":")).encode()


def memory_key(topic: str, epoch: int, partition: int) -> str:
    return f"{memory_prefix(topic)}{epoch}-{partition}.json"


def memory_prefix(topic: str) -> str:
    return f"{AUDIT_PREFIX}topic={topic}/"


def parse_memory(body: bytes) -> ChainMemory:
    """Read a file back. Raises ValueError where it is none, NewerMemoryError for a later version."""
    try:
        raw = json.loads(body)
        version = int(raw.pop("version"))
        if version > VERSION:
            raise NewerMemoryError(f"it is of version {version}, this is {VERSION}")
        raw["counted"] = Counted(
            **{**raw["counted"], "given_up": tuple(raw["counted"]["given_up"])}
        )
        raw["days"] = {
            date.fromisoformat(day).isoformat(): _day(proof)
            for day, proof in raw["days"].items()
        }
        memory = ChainMemory(**raw)
        if not (version == VERSION and memory.origin <= memory.end):
            raise ValueError("what it says cannot be")
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a memory of an audit: {error!r}") from error
    return memory


def _day(raw: dict[str, Any]) -> DayProof:
    spans = tuple((int(start), int(stop)) for start, stop in raw["spans"])
    return DayProof(int(raw["objects"]), str(raw["digest"]), spans, int(raw["proven_ms"]))


class NewerMemoryError(ValueError):
    """A memory that a later release wrote: it must not be replaced by ours."""


def digest_of(objects: Iterable[Listed]) -> str:
    """One hash over names, ETags and times: raw objects are created once and never again."""
    lines = sorted(f"{one.key} {one.etag} {one.last_modified_ms}\n" for one in objects)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """The same offsets in as few spans as can be."""
    found: list[Span] = []
    for start, stop in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], stop))
        else:
            found.append((start, stop))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class DayLook:
    """What a day that differs is found to lack, and what else is wrong with it."""

    missing: tuple[Span, ...]
    findings: tuple[Finding, ...]


def look_at_day(chain: Chain, day: str, proof: DayProof, seen: Sequence[Seen]) -> DayLook:
    """Hold a day's objects against the offsets that were in them."""
    missing: list[Span] = []
    findings: list[Finding] = []
    outside = {str(one.key): one for one in seen}
    for span in proof.spans:
        own = [one for one in seen if span[0] <= one.key.link < span[1]]
        for one in own:
            del outside[str(one.key)]
        lost, found = _look_at_span(chain, span, own)
        missing += lost
        findings += found
    for one in outside.values():
        said = f"starts at {one.key.link}, which was proven to be in another object"
        findings.append(chain.finding(Kind.OVERLAP, said, one.key.link, one.key))
    if not missing and not findings:
        said = (
            f"the objects of {day} are not those that were proven: names, ETags or times differ"
        )
        first = min((start for start, _ in proof.spans), default=None)
        findings.append(chain.finding(Kind.CHANGED, said, first))
    return DayLook(tuple(missing), tuple(findings))


def _look_at_span(
    chain: Chain, span: Span, seen: Sequence[Seen]
) -> tuple[list[Span], list[Finding]]:
    result = audited(chain, seen, Prefix(span[0]))
    missing, end = list[Span](), span[0]
    for tile in result.tiles:
        if tile.key.link > end:
            missing.append((end, tile.key.link))
        end = max(end, tile.meta.next_offset)
    if end < span[1]:
        missing.append((end, span[1]))
    findings = [one for one in result.findings if one.kind is not Kind.MISSING]
    if end > span[1]:
        said = f"its day's objects go on to {end}, beyond {span[1]}, where they ended"
        findings.append(chain.finding(Kind.OVERLAP, said, span[1]))
    return missing, findings


def due_days(memories: Iterable[ChainMemory], before: str, budget: int) -> list[str]:
    """The days before a day whose proof is the oldest, so many at most."""
    oldest: dict[str, int] = {}
    for memory in memories:
        for day, proof in memory.days.items():
            if day < before:
                oldest[day] = min(oldest.get(day, proof.proven_ms), proof.proven_ms)
    return sorted(oldest, key=lambda day: (oldest[day], day))[:budget]


def calendar(first: str, last: str) -> list[str]:
    """Every day from the first to the last, both with them."""
    start, stop = date.fromisoformat(first), date.fromisoformat(last)
    return [(start + timedelta(days=n)).isoformat() for n in range((stop - start).days + 1)]
