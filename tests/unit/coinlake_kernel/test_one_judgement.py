"""Ingestor and job judge an answer alike: what the one sends on, the other does not put aside whole."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinlake.contracts.answers import Judgement, RejectReason, judge
from coinlake.contracts.datasets import ELEMENTS
from coinlake.contracts.topics import REJECTED
from coinlake_kernel import element_tables
from coinlake_kernel.answers import JudgedAnswer
from coinlake_kernel.hour import HourKernel
from ingestor.core.ports import ApiAnswer
from tests.unit.ingestor.polls import Step, World, journaled

from .odd_hours import HOUR, SKEW_MS, body_by_chance
from .test_kernel_equals_rules import HOSTILE, one_object

AT_MS = HOUR.start_ms
OWN_REASONS = {RejectReason.TIMESTAMP_OFF}
"""What the ingestor alone refuses, among answers with status 200: it knows when it asked."""
ITEM = '{"id":"a","priceUsd":"1"}'
BODIES: dict[str, bytes] = {
    **{name: body for name, body in HOSTILE.items() if len(body) < 500_000},
    "blank": b" \n",
    "html": b"<html>",
    "cut": b'{"data":[{"id"',
    "error": b'{"error":"gone","timestamp":1}',
    "sunset": b'{"data":{"message":"sunset"},"timestamp":1}',
    "nobody known": b'{"data":[{"x":1},{"id":[]},{"id":" "}],"timestamp":%d}' % AT_MS,
    "a number for an id": b'{"data":[{"id":7,"priceUsd":"1"}],"timestamp":%d}' % AT_MS,
    "one known": b'{"data":[{"x":1},{"id":"a"}],"timestamp":%d}' % AT_MS,
    "nobody known, oddly": b'{"data":[{"id":"\\ud800"}], "timestamp":%d}' % AT_MS,
    "no time": f'{{"data":[{ITEM}]}}'.encode(),
    "a boolean for a time": f'{{"timestamp":true,"data":[{ITEM}]}}'.encode(),
    "no price": b'{"data":[{"id":"a","priceUsd":null}],"timestamp":%d}' % AT_MS,
    "as deep as may be": b'{"timestamp":%d,"data":[{"id":"a","x":%s}]}'
    % (AT_MS, b"[" * 251 + b"]" * 251),
    "deeper": b'{"timestamp":%d,"data":[{"id":"a","x":%s}]}' % (AT_MS, b"[" * 252 + b"]" * 252),
    "deeper, in a number": b'{"timestamp":%d,"data":[{"id":"a","priceUsd":%s}]}'
    % (AT_MS, b"[" * 252 + b"]" * 252),
    "deeper, in the envelope": b'{"timestamp":%d,"x":%s,"data":[{"id":"a"}]}'
    % (AT_MS, b"[" * 254 + b"]" * 254),
}


def is_put_aside_by_the_job(feed: str, body: bytes) -> bool:
    kernel = HourKernel(feed, SKEW_MS)
    for source, raw in one_object(feed, body):
        kernel.add(source, raw)
    tallies = kernel.finish().tallies
    assert tallies["usable"] + tallies["quarantined_records"] == 1
    return tallies["quarantined_records"] == 1


def judged(feed: str, body: bytes) -> Judgement:
    return judge(ELEMENTS[feed], 200, body, (AT_MS,), SKEW_MS)


def assert_agreed(feed: str, body: bytes) -> None:
    reason = judged(feed, body).reason
    if reason in OWN_REASONS:
        assert not is_put_aside_by_the_job(feed, body)
    else:
        assert is_put_aside_by_the_job(feed, body) == (reason is not None), reason


@pytest.mark.parametrize("name", BODIES)
def test_odd_bodies_are_judged_alike(name: str) -> None:
    assert_agreed("assets", BODIES[name])


async def test_what_the_ingestor_sends_on_is_what_the_job_uses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ingestor's own loop, its journal and the topics in it; the job's own kernel."""
    sent: list[bytes] = []

    def answered_with(body: bytes) -> Step:
        def step(world: World) -> ApiAnswer:
            # Polls come one after the other, and each answer tells the time of its own.
            sent.append(body.replace(b"%d" % AT_MS, b"%d" % world.wall_ms()))
            return ApiAnswer(200, sent[-1], None)

        return step

    world = World([answered_with(body) for body in BODIES.values()])
    records = await journaled(tmp_path, monkeypatch, world)

    assert [record.value for record in records] == sent
    for record, name in zip(records, BODIES, strict=True):
        reason = dict(record.headers).get("reason")
        assert (record.topic == REJECTED) == (reason is not None)
        if reason != b"timestamp_off":
            is_put_aside = is_put_aside_by_the_job("assets", record.value or b"")
            assert is_put_aside == (record.topic == REJECTED), name


@pytest.mark.parametrize("seed", range(400))
def test_bodies_by_chance_are_judged_alike(seed: int) -> None:
    random = Random(seed)
    feed = random.choice(list(ELEMENTS))

    assert_agreed(feed, body_by_chance(random, feed, AT_MS))


_SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**20), 10**20), st.floats(), st.text(max_size=5)
)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
_ENTRIES = st.dictionaries(
    st.sampled_from(["id", "priceUsd", "name", "tokens", "rank", "x"]), _VALUES
)
_ENVELOPES = st.fixed_dictionaries(
    {},
    optional={
        "data": st.lists(_ENTRIES | _VALUES, max_size=4) | _VALUES,
        "timestamp": st.integers(AT_MS - 2 * SKEW_MS, AT_MS) | _VALUES,
        "error": _VALUES,
        "x": _VALUES,
    },
)


@given(_ENVELOPES | _VALUES, st.sampled_from([b"", b"\xef\xbb\xbf", b" "]), st.booleans())
def test_anything_that_can_be_written_is_judged_alike(
    document: Any, before: bytes, ascii_only: bool
) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only, separators=(",", ":"))
    assert_agreed("assets", before + text.encode("utf-8", "surrogatepass"))


@given(st.binary(max_size=60))
def test_any_bytes_are_judged_alike(body: bytes) -> None:
    assert_agreed("rates", body)


def test_control_a_job_that_judges_otherwise_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def strict(*_: Any) -> JudgedAnswer:
        return JudgedAnswer(rule="body", reason="odd")

    monkeypatch.setattr(element_tables, "read_answer", strict)

    with pytest.raises(AssertionError):
        assert_agreed("assets", BODIES["byte order mark"])


def test_control_a_quick_reading_that_skips_the_identity_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("coinlake_kernel.reading.Reader._is_identified", lambda *_: True)

    with pytest.raises(AssertionError):
        assert_agreed("assets", b'{"data":[{"id":" ","priceUsd":"1"}],"timestamp":%d}' % AT_MS)
