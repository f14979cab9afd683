"""A sink with a fault inside: `python -m tests.labs.cluster.armed POINT=ACTION …`, else like s3_sink.

POINT   place/when[:n], the n-th call (1 unless told): codec.encode/before, store.put/after:2
        places: codec.encode codec.sha256 store.put store.head source.commit
        keys in raw/ only; HEADs, hashes and commits only after the first PUT, not those of the start
ACTION  kill | raise | memory | hold:FILE (until the file is there)
Or a defence switched off: without=NAME, see VARIANTS. Or an earlier end: stuck=SECONDS.
"""

import asyncio
import itertools
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from functools import partial, wraps
from typing import Any

from aiohttp import ClientConnectionError
from aiokafka import AIOKafkaClient
from aiokafka.structs import OffsetAndMetadata
from botocore.exceptions import BotoCoreError, ClientError

from coinlake import kafka, outcomes, reach, rebootstrap
from coinlake.consumer import Consumer
from coinlake.contracts.hours import hour_of
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.raw_meta import RawMeta
from coinlake.errors import PreconditionFailedError, TransientError, Trouble
from coinlake.logs import Fold
from coinlake.s3 import S3Store
from s3_sink.__main__ import main
from s3_sink.adapters import log_reader, source
from s3_sink.adapters.source import GroupSource
from s3_sink.adapters.threads import ThreadCodec
from s3_sink.core.commits import PendingCommits
from s3_sink.core.found import Found
from s3_sink.core.ports import Commit, Partition
from s3_sink.loop import create_only
from s3_sink.loop.writer import CONTENT_TYPE, Writer

PLACES: dict[str, tuple[type, str]] = {
    "codec.encode": (ThreadCodec, "encode"),
    "codec.sha256": (ThreadCodec, "sha256"),
    "store.put": (S3Store, "put"),
    "store.head": (S3Store, "head"),
    "source.commit": (GroupSource, "commit"),
}
POINTS = tuple(f"{place}/{when}" for place in PLACES for when in ("before", "after"))
"""Every await of the way from a sealed part to its commit, on both sides."""


def _say(text: str) -> None:
    os.write(2, f"ARMED {text}\n".encode())


async def _act(point: str, action: str) -> None:
    name, _, file = action.partition(":")
    _say(f"{point} {name}")
    if name == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    elif name == "raise":
        raise TransientError(f"armed: {point}")
    elif name == "memory":
        raise MemoryError(f"armed: {point}")
    elif name == "hold":
        while not os.access(file, os.F_OK):  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.05)
        _say(f"{point} released")
    else:
        raise ValueError(action)


_HAS_PUT = False


def _counts(place: str, words: tuple[Any, ...]) -> bool:
    """Whether a call belongs to the way of a part into the chain."""
    global _HAS_PUT
    if place.startswith("store.") and not str(words[0]).startswith("raw/"):
        return False
    _HAS_PUT = _HAS_PUT or place == "store.put"
    return _HAS_PUT or place in ("store.put", "codec.encode")


def arm(point: str, action: str) -> None:
    """Wrap the place so that the action happens at its n-th call."""
    named, _, count = point.partition(":")
    place, when = named.split("/")
    owner, method = PLACES[place]
    original: Callable[..., Awaitable[Any]] = getattr(owner, method)
    calls = itertools.count(1)

    @wraps(original)
    async def wrapped(self: Any, *words: Any, **more: Any) -> Any:
        is_due = _counts(place, words) and next(calls) == int(count or 1)
        if is_due and when == "before":
            await _act(named, action)
        answer = await original(self, *words, **more)
        if is_due and when == "after":
            await _act(named, action)
        return answer

    setattr(owner, method, wrapped)


# The defences, off.


def _no_probe() -> None:
    """Do not ask whether the store can refuse."""

    async def believe(*_: object) -> None:
        return None

    create_only.require_create_only = believe  # type: ignore[assignment]


def _look() -> None:
    """A 412 is a failure like any other: try again under another name."""

    async def another_name(
        self: Writer, partition: Partition, key: RawKey, meta: RawMeta, body: bytes
    ) -> Found:
        hour = key.hour
        while True:
            named = RawKey(key.topic, hour, key.epoch, key.partition, key.link)
            try:
                etag = await self._store.put(
                    str(named), body, metadata=meta.encode(), if_none_match=True,
                    content_type=CONTENT_TYPE,
                )  # fmt: skip
            except PreconditionFailedError:
                hour = hour_of(hour.end_ms)
            else:
                return Found(named, meta, etag, len(body))

    Writer._try = another_name  # type: ignore[method-assign]


def _fence() -> None:
    """Commit whatever was confirmed once, past the client's check of whose partition it is."""

    async def commit(self: GroupSource, commits: Mapping[Partition, Commit]) -> None:
        coordinator = self._consumer._coordinator
        offsets = {
            source._theirs(one): OffsetAndMetadata(commit.offset, commit.metadata)
            for one, commit in commits.items()
        }
        await coordinator._do_commit_offsets(None, offsets)

    GroupSource.commit = commit  # type: ignore[method-assign]
    PendingCommits.forget = lambda *_: None  # type: ignore[method-assign]


def _patience() -> None:
    """Not a defence: the client's poll interval is 4 s, so that a test need not take 5 minutes."""
    setattr(source, "Consumer", partial(Consumer, max_poll_interval_ms=4000))  # noqa: B010


def _metadata() -> None:
    """Whatever a broker answers, believe what was once heard of the partitions' leaders."""

    class Believer(AIOKafkaClient):  # type: ignore[misc]
        def force_metadata_update(self) -> Any:
            if not self.cluster.topics():
                return super().force_metadata_update()
            done = self._loop.create_future()
            done.set_result(True)
            return done

    source.AIOKafkaClient = Believer  # type: ignore[attr-defined]


def _rebootstrap() -> None:
    """Ask the brokers that were learned of, and nobody else, as aiokafka does."""
    for module in (kafka, source, log_reader):
        module.rebootstrapping = lambda owner: owner  # type: ignore[attr-defined]


def _folding() -> None:
    """Write each line, however often it comes."""
    Fold._passes = lambda *_, **__: True  # type: ignore[method-assign]


def _deaf() -> None:
    """Hear of new brokers and not go to them: as a client with a fault of its own."""
    rebootstrap._Rebootstrapping._learn = lambda *_: None  # type: ignore[method-assign]


def _outcomes() -> None:
    """Take for "dependency away" only what somebody thought of."""

    def known_only(error: Exception) -> Any:
        if not isinstance(error, BotoCoreError | ClientError | ClientConnectionError | OSError):
            raise error
        return Trouble.OTHER

    outcomes.trouble_of = known_only


def _membership() -> None:
    """Wait for a client whose own task has ended."""
    source._is_dead = lambda consumer: False


VARIANTS = {
    "rebootstrap": _rebootstrap,
    "learning": _deaf,
    "folding": _folding,
    "probe": _no_probe,
    "look": _look,
    "fence": _fence,
    "metadata": _metadata,
    "patience": _patience,
    "outcomes": _outcomes,
    "membership": _membership,
}


if __name__ == "__main__":
    arm("store.put/before:0", "never")  # only so that the first PUT is noticed
    for word in sys.argv[1:]:
        what, _, how = word.partition("=")
        if what == "without":
            VARIANTS[how]()
        elif what == "stuck":
            reach.STUCK_AFTER_S = float(how)
        else:
            arm(what, how)
    sys.exit(main())
