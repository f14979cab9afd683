"""Which rules the controls of the chain drop: of the ingestor, the sink, the runner, and of those who judge."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from coinlake.contracts.batches import BatchInput
from coinlake.contracts.ledger import LedgerEntry
from coinlake.contracts.raw_layout import parse_raw_key
from coinlake_tools import audit, chain_audit, doctor
from etl_runner.core import tracked
from etl_runner.core.hours import FeedHour, Hours
from ingestor.adapters import journal, spool
from ingestor.core.progress import Pending, Progress
from ingestor.core.recovery import Files, Hole, recovered
from ingestor.core.schedule import Resumed, Tick
from ingestor.core.watermark import FloorClock
from ingestor.loop import heartbeats, polling
from ingestor.loop.budget import Budget
from ingestor.loop.polling import MissedTickLog
from ingestor.loop.sending import TopicSender
from s3_sink.core.part import Part
from s3_sink.core.ports import Commit
from s3_sink.core.start import Tip
from s3_sink.loop.finder import Finder
from s3_sink.loop.partition_worker import PartitionWorker
from tests.labs.sim.controls import TrustingWriter
from tests.labs.sim_chain.controls import Control
from tests.labs.sim_chain.glue import ChainGlue, Row

# The ingestor.

_RECOVERED = recovered


def _nothing_waits(files: Files) -> tuple[Progress, list[Hole]]:
    """What an earlier process has not sent is forgotten."""
    files.sent |= {one.number for one in files.waiting}
    files.waiting.clear()
    return _RECOVERED(files)


_SEND = TopicSender._send


async def _sent_before_it_is(sender: TopicSender, producer: Any, pending: Pending) -> None:
    """The journal lets go of a record before Kafka has it."""
    record = await sender._journal.read(pending)
    await sender._journal.sent(pending)
    await producer.send(
        record.topic,
        key=record.key,
        value=record.value,
        headers=record.headers,
        timestamp_ms=record.timestamp_ms,
    )


def _nothing_synced(*_: object) -> None:
    """A name counts as written once the kernel has it."""


def _now_whatever_waits(now_ms: int, received_ms: Iterable[int], oldest_ms: int | None) -> int:
    return now_ms


def _as_the_clock_says(clock: FloorClock) -> int:
    return clock.now_ms


def _anew(last: Tick | None, interval_ms: int, now_ms: int) -> Resumed:
    """A restart does not ask what was missed meanwhile."""
    return Resumed(now_ms - interval_ms, None)


def _untold(*_: object) -> None:
    """Ticks that nobody polled are nobody's business."""


def _enough(_: Budget) -> int:
    """Whatever was spent."""
    return 10**9


# The sink.

_WRITE_ONE = PartitionWorker._write_one


async def _committed_first(worker: PartitionWorker, part: Part) -> None:
    """The offset is committed before the object is there."""
    key = "" if worker.state.link == 0 else f"{worker.partition}"
    worker._together.committer.confirm(worker.partition, Commit(part.next_offset, key))
    await _WRITE_ONE(worker, part)


async def _where_committed(finder: Finder, commit: Commit | None) -> Tip | None:
    return None if commit is None else Tip(commit.offset)


# The runner and its job.


def _done_once_committed(inputs: Iterable[BatchInput], head: LedgerEntry | None) -> bool:
    """What lands in an hour after its first version is nobody's business."""
    return head is None and bool(list(inputs))


def _by_its_inputs(hours: Hours, hour: FeedHour, batch_id: str) -> bool:
    """Only the partitions that gave input are asked."""
    keys = [parse_raw_key(key) for key in hours.get(hour).inputs]
    slots = {(key.topic, key.partition) for key in keys if key is not None}
    known = hours.promises._complete_to
    return bool(slots) and all(known.get(slot, 0) >= hour.at.end_ms for slot in slots)


def _by_now(hours: Hours, hour: FeedHour, batch_id: str) -> bool:
    """A promise that came after the listing closes the hour."""
    return hours.complete(hour)


def _all_of_them(rows: list[Row]) -> list[Row]:
    return rows


# Those who judge.


def _no_tail(*_: object) -> list[chain_audit.Finding]:
    return []


def _no_difference(*_: object) -> list[object]:
    return []


def _control(
    name: str, *patches: tuple[Any, str, Any], seen_as: Collection[str] = (), **more: Any
) -> Control:
    return Control(name, frozenset(seen_as), patches=lambda: patches, **more)


def controls() -> dict[str, Control]:
    """Every control by name; `seen_as` names the judge that must see it alone."""
    found = (
        _control("journal-forgotten", (journal, "recovered", _nothing_waits), seen_as={"lost"}),
        _control(
            "sent-before-it-is", (TopicSender, "_send", _sent_before_it_is), seen_as={"lost"}
        ),
        _control("names-unsynced", (spool, "sync_folder", _nothing_synced), seen_as={"lost"}),
        _control(
            "overtaking-heartbeat",
            (heartbeats, "complete_to_ms", _now_whatever_waits),
            seen_as={"promise"},
        ),
        _control("no-floor", (FloorClock, "__call__", _as_the_clock_says), seen_as={"promise"}),
        _control("restart-asks-nothing", (polling, "resume", _anew), seen_as={"tick"}),
        _control("missed-untold", (MissedTickLog, "miss", _untold), seen_as={"tick"}),
        _control("budget-ignored", (Budget, "left", property(_enough)), seen_as={"credits"}),
        _control(
            "commit-before-put",
            (PartitionWorker, "_write_one", _committed_first),
            seen_as={"ahead"},
        ),
        _control(
            "commit-believed",
            (PartitionWorker, "_write_one", _committed_first),
            (Finder, "_confirmed", _where_committed),
            seen_as={"audit"},
        ),
        _control("trust-412", writer=TrustingWriter, seen_as={"audit"}),
        _control(
            "late-forgotten", (tracked, "differs", _done_once_committed), seen_as={"doctor"}
        ),
        _control(
            "own-partitions-only", (Hours, "complete_with", _by_its_inputs), seen_as={"early"}
        ),
        _control("complete-by-now", (Hours, "complete_with", _by_now), seen_as={"early"}),
        _control(
            "duplicates-accepted",
            (ChainGlue, "deduplicated", staticmethod(_all_of_them)),
            seen_as={"doubled"},
        ),
        _control(
            "blind-audit",
            (chain_audit._Walk, "_find", _untold),
            (audit, "tail_findings", _no_tail),
            seen_as={"blind"},
        ),
        _control("blind-doctor", (doctor, "differences", _no_difference), seen_as={"blind"}),
    )
    return {control.name: control for control in found}
