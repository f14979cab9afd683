"""The present implementation, Hive tables by conditional PUT, takes the exam; broken ones fail it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import etl_runner.loop.publish as publish_module
import etl_runner.loop.put_objects as put_module
from coinlake.contracts.batches import StagedFile
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry
from etl_runner.core import publication
from etl_runner.loop.parts import StepParts
from etl_runner.loop.tables import TableRegistrar
from tests.contract.publishing import exam
from tests.contract.publishing.exam import QUESTIONS, NewLab
from tests.contract.publishing.hive_lab import HiveLab
from tests.labs.bucket import Bucket
from tests.labs.patching import Patch, patched

Question = Callable[[NewLab], Awaitable[None]]


@pytest.mark.full_size(one_in=2)
@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: str(question.__name__))
@pytest.mark.parametrize("held", [0, put_module.IN_MEMORY_BYTES], ids=["copied", "put"])
async def test_hive_tables(question: Question, held: int) -> None:
    with patched([(put_module, "IN_MEMORY_BYTES", held)]):
        await question(HiveLab)


_PUT = Bucket.put


def _unconditional(bucket: Bucket, key: str, body: bytes, metadata: Any, **_: Any) -> str:
    return _PUT(bucket, key, body, metadata)


async def _unregistered(*_: Any) -> dict[Any, str]:
    return {}


def _any_bytes(body: bytes, file: StagedFile) -> bool:
    return True


async def _all_hours(parts: StepParts, *_: Any) -> Any:
    raise AssertionError("not called")


async def _committed_first(
    parts: StepParts,
    batch: Any,
    hour: Any,
    terms: Any,
    waiting: Any,
    _put: Any = publish_module._put,
) -> Any:
    """The ledger before the rows."""
    entry = publish_module._entry(batch, hour, [], terms)
    if entry.version > len([k async for k in parts.lake.store.list(_prefix(entry))]):
        await publish_module._commit(parts, entry)
    return await _put(parts, batch, hour, terms, waiting)


def _prefix(entry: LedgerEntry) -> str:
    return f"ledger/feed={entry.feed}/{Hour(entry.dt, entry.hour).path}/"


def _never_theirs(*arguments: Any) -> str:
    decision = publication.decide(*arguments)
    return "foreign" if decision == "finish_theirs" else decision


async def _everything(parts: StepParts, _: str) -> None:
    async for found in parts.lake.store.list("staging/"):
        await parts.lake.store.delete(found.key)


async def _one_for_all(parts: StepParts, *rest: Any, _put: Any = publish_module._put) -> Any:
    put = await _put(parts, *rest)
    if getattr(put, "waits", None):
        raise AssertionError(f"the batch ended with {put.waits}")
    return put


BROKEN: dict[str, tuple[Patch, Question]] = {
    "overwrites": ((Bucket, "put", _unconditional), exam.two_at_once_with_two_batches),
    "registers nothing": (
        (TableRegistrar, "register", _unregistered),
        exam.what_was_staged_is_read,
    ),
    "any bytes": ((put_module, "is_as_staged", _any_bytes), exam.other_bytes_are_refused),
    "commits first": (
        (publish_module, "_put", _committed_first),
        exam.readers_see_one_version_at_every_call,
    ),
    "leaves what is begun": (
        (put_module, "decide", _never_theirs),
        exam.killed_at_each_call_and_another_batch,
    ),
    "cleans all": ((publish_module, "clean", _everything), exam.cleaning_takes_what_is_its_own),
    "one for all": (
        (publish_module, "_put", _one_for_all),
        exam.what_is_away_holds_up_no_other,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_one_fails_the_exam(name: str) -> None:
    patch, question = BROKEN[name]
    with patched([patch]), pytest.raises(AssertionError):
        await question(HiveLab)
