"""The broken variants: each drops one rule of the runner, and each must be caught."""

from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import etl_runner.core.live_boundary as live_module
import etl_runner.loop.find as find_module
import etl_runner.loop.freeze as freeze_module
import etl_runner.loop.publish as publish_module
import etl_runner.loop.put_objects as put_module
import etl_runner.loop.reconcile as reconcile_module
from coinlake.contracts.batches import StagedFile
from coinlake.contracts.ledger import LedgerEntry, ledger_key
from coinlake.differences import Difference, Head, Unreadable
from coinlake.errors import InvariantError
from coinlake.store import Listed
from etl_runner.core import plan
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.tracked import Failure, Tracked
from etl_runner.core.watermarks import Promises
from etl_runner.loop.lake import LakeReader
from etl_runner.loop.parts import StepParts
from etl_runner.loop.records import RunnerRecords
from tests.labs.patching import Patch, patched


@dataclass(frozen=True)
class Control:
    """A broken variant. `patches` are (owner, name, replacement)."""

    name: str
    ignores: frozenset[str] = frozenset()
    patches: tuple[Patch, ...] = ()

    def applied(self) -> AbstractContextManager[None]:
        """The rule is dropped inside of this."""
        return patched(self.patches)


NONE = Control("the product")


_HEADS_OF = LakeReader.heads_of


async def _any_head_or_none(
    lake: LakeReader, feed: str, ledger: Iterable[Listed]
) -> dict[FeedHour, Head]:
    """An entry that cannot be read ends the pass."""
    found = await _HEADS_OF(lake, feed, ledger)
    for head in found.values():
        if isinstance(head, Unreadable):
            raise InvariantError(head.said)
    return found


def _always_believed(
    promises: Promises, topic: str, partition: int, complete_to_ms: int | None, now_ms: int
) -> bool:
    promises.seen(topic, partition)
    if complete_to_ms is not None:
        known = promises._complete_to.get((topic, partition), complete_to_ms)
        promises._complete_to[topic, partition] = max(known, complete_to_ms)
    return True


def _that_have_promised(promises: Promises, topic: str) -> set[int]:
    """A partition that has said nothing is not asked."""
    return {number for name, number in promises._complete_to if name == topic}


def _no_trouble(*_: object, **__: object) -> None:
    """Raw objects that are gone are nobody's business."""


def _any_bytes(body: bytes, file: StagedFile) -> bool:
    return True


async def _no_look(*_: object) -> list[Difference]:
    """Nobody looks whether a partition is still there."""
    return []


def _never(tracked: Tracked) -> int:
    return 10**15 if tracked.failure.count else tracked.wait.until_ms


def _usual_only(*_: object) -> None:
    """Hours that fail by themselves have no turn."""


async def _nothing_loaded(*_: object) -> None:
    """What an earlier process knew is forgotten."""


async def _put_over(*arguments: Any) -> str:
    """Whatever is there is replaced."""
    _, _, write, _ = arguments
    etag: str = await write()
    return etag


async def _commit_over(parts: StepParts, entry: LedgerEntry) -> bool:
    """Whoever commits last has the version."""
    await parts.lake.store.put(ledger_key(entry.feed, entry.at, entry.version), entry.encode())
    return True


def _own_is_kept(records: RunnerRecords, hour: FeedHour, failure: Failure) -> None:
    """Two runners that saw an hour fail write over each other's record."""
    records._failures[hour] = failure
    own = records._hours.get(hour).failure
    if (failure.version, failure.count) > (own.version, own.count):
        records._hours.failed(hour, failure)


def _no_gap(_: Tracked) -> bool:
    """An hour that no table has holds the live views up no longer."""
    return False


async def _hints_alone(*_: object, **__: object) -> None:
    """Nothing is listed: what no announcement told is not there."""


def _never_again(*_: object) -> bool:
    """An hour whose rows are all there is not committed again for a promise that came afterwards."""
    return False


def every() -> dict[str, Control]:
    """Every control by name."""
    found = (
        Control("one-ledger-stops-all", patches=((LakeReader, "heads_of", _any_head_or_none),)),
        Control("promises-are-believed", patches=((Promises, "promised", _always_believed),)),
        Control(
            "own-partitions-only", patches=((Promises, "partitions", _that_have_promised),)
        ),
        Control("parked-for-ever", patches=((Tracked, "not_before_ms", property(_never)),)),
        Control(
            "vanished-is-nothing",
            patches=(
                (find_module, "trouble_of", _no_trouble),
                (freeze_module, "trouble_of", _no_trouble),
            ),
        ),
        Control("any-staged-bytes", patches=((put_module, "is_as_staged", _any_bytes),)),
        Control("partitions-unwatched", patches=((reconcile_module, "see_to", _no_look),)),
        Control("failed-have-no-turn", patches=((plan, "_alone", _usual_only),)),
        Control("objects-are-overwritten", patches=((put_module, "_put", _put_over),)),
        Control("ledger-is-overwritten", patches=((publish_module, "_commit", _commit_over),)),
        Control("own-record-is-kept", patches=((RunnerRecords, "_failing", _own_is_kept),)),
        Control("live-over-gaps", patches=((live_module, "_is_missing", _no_gap),)),
        Control("hints-alone", patches=((reconcile_module.Reconcile, "_day", _hints_alone),)),
        Control("open-for-ever", patches=((Hours, "closable", _never_again),)),
        Control("commands-are-forgotten", patches=((RunnerRecords, "load", _nothing_loaded),)),
    )
    return {control.name: control for control in found}
