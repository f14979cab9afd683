"""A day's certificate: canonical JSON whose name is the hash of its bytes. Values in, values out."""

import hashlib
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coinlake.contracts.raw_index import Record

FORMAT = 1
CERTIFICATES_PREFIX = "certificates/"
_NAME = re.compile(r"(\d{4}-\d\d-\d\d)-([0-9a-f]{64})\.json")
ABANDONED = "abandoned"
NO_RECORD = "no_record"
"""Kafka has no record there: a transaction's marker, or one that was compacted away."""

Json = Any


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets [start, stop) of a chain that an object covers, and those of them without a record."""

    start: int
    stop: int
    holes: tuple[tuple[int, int, str], ...] = ()


def encoded(body: Mapping[str, Json]) -> bytes:
    """One line: keys sorted, no space, UTF-8; as `jq -cS .` prints it. There are no floats in it."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode() + b"\n"


def name_of(dt: str, certificate: bytes) -> str:
    """The name of a certificate: its day and the SHA-256 of its bytes."""
    return f"{dt}-{hashlib.sha256(certificate).hexdigest()}.json"


def parsed(body: bytes) -> dict[str, Json]:
    """Read a certificate back. Raises ValueError where it is none, or of a later format."""
    try:
        told = json.loads(body, parse_float=_refuse_float, parse_constant=_refuse_float)
    except RecursionError as error:
        raise ValueError("not a certificate: nested too deep") from error
    if not isinstance(told, dict) or not isinstance(told.get("certificate"), int):
        raise ValueError("not a certificate")
    if told["certificate"] != FORMAT:
        raise ValueError(
            f"a certificate of format {told['certificate']}; this release knows {FORMAT}"
        )
    return told


def wrong_with_the_file(name: str, body: bytes) -> Iterator[str]:
    """In what a file is not the certificate that its name promises."""
    named = _NAME.fullmatch(name)
    digest = hashlib.sha256(body).hexdigest()
    if named is None:
        yield f"the name {name} is not <day>-<sha256>.json"
    elif named[2] != digest:
        yield f"the bytes hash to {digest}, the name says {named[2]}"
    told = parsed(body)
    if encoded(told) != body:
        yield "the JSON is not canonical: `jq -cS .` prints other bytes"
    if named is not None and told.get("dt") != named[1]:
        yield f"it is of {told.get('dt')}, the name says {named[1]}"


def span_of(link: int, next_offset: int, offsets: Sequence[int], abandoned: str | None) -> Span:
    """What an object covers of its chain."""
    if abandoned is not None:
        return Span(link, next_offset, ((link, next_offset, ABANDONED),))
    holes, expected = list[tuple[int, int, str]](), link
    for offset in offsets:
        if offset > expected:
            holes.append((expected, offset, NO_RECORD))
        expected = max(expected, offset + 1)
    if next_offset > expected:
        holes.append((expected, next_offset, NO_RECORD))
    return Span(link, next_offset, tuple(holes))


def merged(spans: Iterable[Span]) -> list[Span]:
    """Ranges that touch are one."""
    found: list[Span] = []
    for span in sorted(spans, key=lambda one: (one.start, one.stop)):
        if found and span.start <= found[-1].stop:
            last = found[-1]
            found[-1] = Span(
                last.start, max(last.stop, span.stop), tuple(sorted({*last.holes, *span.holes}))
            )
        else:
            found.append(span)
    return found


def between(spans: Iterable[Span]) -> list[tuple[int, int]]:
    """What lies between the ranges of a chain and is in none of them."""
    whole = merged(spans)
    return [(left.stop, right.start) for left, right in itertools.pairwise(whole)]


def told_span(span: Span, reasons: Mapping[int, str]) -> Json:
    """A range as the certificate has it; `reasons` are those of abandoned ranges by first offset."""
    return {
        "from": span.start,
        "to": span.stop,
        "holes": [
            {"from": start, "to": stop, "why": why, "reason": reasons.get(start)}
            if why == ABANDONED
            else {"from": start, "to": stop, "why": why}
            for start, stop, why in span.holes
        ],
    }


def lines_sha256(records: Iterable[Record]) -> str:
    """The hash of what `gunzip -c` prints of an object."""
    digest = hashlib.sha256()
    for record in records:
        if record.value is not None:
            digest.update(record.value)
            digest.update(b"\n")
    return digest.hexdigest()


def compared(certified: Json, now: Json, path: str = "") -> Iterator[str]:
    """Where what was certified is not what is there now, one line each."""
    if isinstance(certified, dict) and isinstance(now, dict):
        for key in sorted({*certified, *now}):
            yield from compared(
                certified.get(key, _ABSENT), now.get(key, _ABSENT), f"{path}.{key}".strip(".")
            )
    elif isinstance(certified, list) and isinstance(now, list):
        ours, theirs = _by_name(certified), _by_name(now)
        yield from compared(ours, theirs, path)
        if [name for name in ours if name in theirs] != [
            name for name in theirs if name in ours
        ]:
            yield f"{path}: certified in another order"
    elif certified != now or type(certified) is not type(now):
        yield f"{path}: certified {_short(certified)}, now {_short(now)}"


_ABSENT = object()


def _by_name(items: list[Json]) -> dict[str, Json]:
    """Items by their keys where all have one of their own, so that one more is one difference."""
    keys = [item.get("key") if isinstance(item, dict) else None for item in items]
    names = [key for key in keys if isinstance(key, str)]
    if len(set(names)) < len(items):
        names = [str(place) for place in range(len(items))]
    return {f"[{name}]": item for name, item in zip(names, items, strict=True)}


def _short(value: Json) -> str:
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return text if len(text) <= 120 else f"{text[:117]}…"


def _refuse_float(text: str) -> Json:
    raise ValueError(f"not a certificate: it has the number {text}")
