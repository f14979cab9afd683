"""What the sink takes for the group's commit, and what for no answer at all."""

from collections.abc import Collection
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.structs import OffsetAndMetadata

from coinlake.errors import TransientError
from s3_sink.adapters.log_reader import KafkaLog
from s3_sink.core.ports import Commit, Partition

ONE = Partition("t", 0)


class Admin:
    """Answers as aiokafka's admin client does: what the broker named, and no error."""

    def __init__(self, **answer: OffsetAndMetadata) -> None:
        self._answer = answer

    async def list_consumer_group_offsets(
        self, group: str, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, OffsetAndMetadata]:
        return {tp: self._answer[tp.topic] for tp in partitions if tp.topic in self._answer}


def _log(admin: Admin) -> KafkaLog:
    unused: Any = SimpleNamespace()
    return KafkaLog(unused, unused, admin, "group")


async def test_a_commit_is_an_offset_and_the_key_of_an_object() -> None:
    for offset in (0, 7):
        log = _log(Admin(t=OffsetAndMetadata(offset, "raw/key")))

        assert await log.committed(ONE) == Commit(offset, "raw/key")


async def test_a_partition_without_a_commit_is_named_with_minus_one() -> None:
    log = _log(Admin(t=OffsetAndMetadata(-1, "")))

    assert await log.committed(ONE) is None


async def test_a_coordinator_that_is_still_loading_has_not_said_that_there_is_no_commit() -> (
    None
):
    log = _log(Admin())

    with pytest.raises(TransientError):
        await log.committed(ONE)
