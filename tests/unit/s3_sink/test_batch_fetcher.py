"""What the fetcher asks of the brokers, and what it does with every kind of answer."""

import asyncio
import struct
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaConnectionError
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from coinlake.errors import TransientError
from s3_sink.adapters.fetch import Fetcher, FetchLimits

ONE, TWO = TopicPartition("t", 0), TopicPartition("t", 1)
TOPIC_ID = UUID(int=7)
NONE = 0
OUT_OF_RANGE, NOT_LEADER, DENIED = 1, 6, 29
TIMEOUT_S = 30.0  # a condition is awaited; this is only for a fetcher that is broken


def _batch(first: int, values: list[bytes | None], codec: int = NONE, key: Any = None) -> bytes:
    """A record batch as a broker stores it, from offset `first` on."""
    builder = DefaultRecordBatchBuilder(2, codec, False, -1, -1, -1, 1 << 20)
    for number, value in enumerate(values):
        headers = [("h", None), ("h", b"2")] if value is None else []
        builder.append(number, 1000 + number, key, value, headers)
    data = bytearray(builder.build())
    data[:8] = first.to_bytes(8, "big")
    return bytes(data)


class Brokers:
    """A client whose brokers answer what they are told to; one leader per partition."""

    def __init__(self) -> None:
        self.cluster = self
        self.leaders: dict[TopicPartition, int | None] = {ONE: 0, TWO: 0}
        self.answers: dict[TopicPartition, tuple[int, bytes | None]] = {}
        self.asked: list[tuple[int, dict[TopicPartition, int]]] = []
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.error: Exception | None = None
        self.ids: set[UUID] = set()
        self.metadata_updates = 0

    def leader_for_partition(self, tp: TopicPartition) -> int | None:
        return self.leaders[tp]

    def brokers(self) -> list[int]:
        return [0, 1]

    def force_metadata_update(self) -> None:
        self.metadata_updates += 1

    async def send(self, node: int, request: Any) -> Any:
        topics = request.prepare({1: (13, 13)}).get_item("topics")
        wanted = {
            TopicPartition("t", number): offset
            for _, partitions, _ in topics
            for number, _, offset, *_ in partitions
        }
        self.ids |= {topic_id for topic_id, *_ in topics}
        self.asked.append((node, wanted))
        self.was_asked.set()
        # What is there now; it may take long until the answer arrives.
        known = {tp: self.answers.get(tp, (0, b"")) for tp in wanted}
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        no_tags: dict[int, bytes] = {}
        said = [(tp.partition, code, 0, data, no_tags) for tp, (code, data) in known.items()]
        return SimpleNamespace(error_code=0, topics=[(topics[0][0], said, no_tags)])


@pytest.fixture
def brokers() -> Brokers:
    return Brokers()


@asynccontextmanager
async def reading(brokers: Brokers, unpacked_bytes: int) -> AsyncIterator[Fetcher]:
    """A fetcher that reads both partitions from offset 5 on."""
    with ThreadPoolExecutor(1) as pool:
        fetcher = Fetcher(brokers, pool, FetchLimits(1000, 1000, unpacked_bytes))
        fetcher.add([ONE, TWO])
        for tp in (ONE, TWO):
            fetcher.seek(tp, 5, TOPIC_ID)
            fetcher.resume(tp)
        yield fetcher
        await fetcher.close()


@pytest.fixture
async def fetcher(brokers: Brokers) -> AsyncIterator[Fetcher]:
    async with reading(brokers, 4000) as fetcher:
        yield fetcher


async def test_the_next_question_starts_behind_what_was_handed_out(
    brokers: Brokers, fetcher: Fetcher
) -> None:
    brokers.answers[ONE] = (0, _batch(5, [b"a", b"b"]))

    fetched = await fetcher.poll(TIMEOUT_S)
    await fetcher.poll(TIMEOUT_S)

    assert [one.value for one in fetched.records[ONE]] == [b"a", b"b"]
    assert [asked for _, asked in brokers.asked] == [{ONE: 5, TWO: 5}, {ONE: 7, TWO: 5}]


async def test_what_has_no_room_in_one_poll_is_whole_in_the_next(brokers: Brokers) -> None:
    brokers.answers[ONE] = (0, _batch(5, [b"x" * 300, b"y" * 300]))
    brokers.answers[TWO] = (0, _batch(5, [b"z" * 300]))
    async with reading(brokers, 500) as fetcher:
        first = await fetcher.poll(TIMEOUT_S)
        brokers.answers[ONE] = (0, b"")
        then = await fetcher.poll(TIMEOUT_S)

    assert list(first.records) == [ONE]
    assert [one.value for one in then.records[TWO]] == [b"z" * 300]
    assert (first.heard, then.heard) == ({ONE: None, TWO: None}, {ONE: None, TWO: None})


async def test_a_partition_without_records_may_be_answered_with_null(
    brokers: Brokers, fetcher: Fetcher
) -> None:
    """FetchResponse: `records` is nullable (Kafka's protocol guide, Fetch API)."""
    brokers.answers[ONE] = (0, None)
    brokers.answers[TWO] = (0, _batch(5, [b"a"]))

    fetched = await fetcher.poll(TIMEOUT_S)

    assert list(fetched.records) == [TWO]
    assert fetched.heard == {ONE: None, TWO: None}


async def test_polls_leave_no_tasks_behind(brokers: Brokers, fetcher: Fetcher) -> None:
    for offset in range(5, 15):
        brokers.answers[ONE] = (0, _batch(offset, [b"a"]))
        await fetcher.poll(TIMEOUT_S)
    await asyncio.sleep(0)

    # This test, and the question that is under way.
    assert len(asyncio.all_tasks()) <= 2


async def test_a_partition_without_a_leader_is_not_asked_for_at_every_poll(
    brokers: Brokers, fetcher: Fetcher
) -> None:
    brokers.leaders[TWO] = None

    heard = [(await fetcher.poll(0.01)).heard.get(TWO) for _ in range(5)]

    assert heard == ["it has no leader", None, None, None, None]
    assert brokers.metadata_updates == 1


@pytest.mark.parametrize("move", ["seek", "pause", "remove"])
async def test_an_answer_to_an_old_question_is_dropped(
    brokers: Brokers, fetcher: Fetcher, move: str
) -> None:
    brokers.answers[ONE] = (0, _batch(5, [b"old"]))
    brokers.may_answer.clear()
    polling = asyncio.ensure_future(fetcher.poll(TIMEOUT_S))
    await brokers.was_asked.wait()

    {
        "seek": lambda: fetcher.seek(ONE, 3, TOPIC_ID),
        "pause": lambda: fetcher.pause(ONE),
        "remove": lambda: fetcher.remove([ONE]),
    }[move]()
    brokers.answers[ONE] = (0, _batch(3, [b"new"]))
    brokers.may_answer.set()
    polled = [await polling] + [await fetcher.poll(TIMEOUT_S) for _ in range(2)]

    found = [one.value for each in polled for one in each.records.get(ONE, ())]
    assert found == ([b"new"] if move == "seek" else [])


async def test_a_quiet_broker_keeps_no_other_waiting(brokers: Brokers) -> None:
    with ThreadPoolExecutor(1) as pool:
        fetcher = Fetcher(brokers, pool, FetchLimits(1000, 1000, 4000))
        fetcher.add([ONE, TWO])
        brokers.leaders[TWO] = 1
        brokers.may_answer.clear()
        fetcher.resume(ONE)
        polling = asyncio.ensure_future(fetcher.poll(TIMEOUT_S))
        await brokers.was_asked.wait()

        # ONE's broker is still thinking when TWO comes back.
        brokers.was_asked.clear()
        fetcher.resume(TWO)
        await polling
        again = asyncio.ensure_future(fetcher.poll(TIMEOUT_S))
        await brokers.was_asked.wait()

        assert brokers.asked == [(0, {ONE: 0}), (1, {TWO: 0})]
        brokers.may_answer.set()
        await again
        await fetcher.close()


async def test_an_offset_that_the_log_no_longer_has_is_told(
    brokers: Brokers, fetcher: Fetcher
) -> None:
    brokers.answers[TWO] = (OUT_OF_RANGE, b"")

    fetched = await fetcher.poll(TIMEOUT_S)

    assert fetched.out_of_range == [TWO]
    assert brokers.metadata_updates == 1, "a follower that has led may only be behind"


async def test_a_broker_that_leads_no_more_is_left_alone_until_there_is_newer_metadata(
    brokers: Brokers, fetcher: Fetcher
) -> None:
    brokers.answers = {ONE: (NOT_LEADER, b""), TWO: (0, _batch(5, [b"v"]))}

    fetched = await fetcher.poll(TIMEOUT_S)
    await fetcher.poll(TIMEOUT_S)

    assert list(fetched.records) == [TWO]
    assert brokers.metadata_updates == 1
    assert brokers.asked[-1] == (0, {TWO: 6})


async def test_a_corrupt_batch_holds_up_only_its_own_partition(
    brokers: Brokers, fetcher: Fetcher
) -> None:
    corrupt = bytearray(_batch(5, [b"a"]))
    corrupt[-2] ^= 1
    brokers.answers = {ONE: (0, bytes(corrupt)), TWO: (0, _batch(5, [b"v"]))}

    fetched = await fetcher.poll(TIMEOUT_S)
    fetcher.seek(ONE, 5, TOPIC_ID)
    again = await fetcher.poll(TIMEOUT_S)

    assert list(fetched.records) == [TWO]
    assert "checksum" in (again.heard[ONE] or "")


async def test_a_topic_that_may_not_be_read_holds_up_only_itself_and_says_why(
    brokers: Brokers, fetcher: Fetcher
) -> None:
    brokers.answers = {ONE: (DENIED, b""), TWO: (0, _batch(5, [b"v"]))}

    fetched = await fetcher.poll(TIMEOUT_S)

    assert list(fetched.records) == [TWO]
    assert fetched.heard == {ONE: "TopicAuthorizationFailedError", TWO: None}


@pytest.mark.parametrize("code", [3, 100, 103])
async def test_another_topic_of_that_name_is_no_answer(
    brokers: Brokers, fetcher: Fetcher, code: int
) -> None:
    brokers.answers = {ONE: (code, b""), TWO: (0, _batch(5, [b"v"]))}

    fetched = await fetcher.poll(TIMEOUT_S)

    assert (fetched.gone, list(fetched.records)) == ([ONE], [TWO])
    assert brokers.ids == {TOPIC_ID}


async def test_a_partition_without_a_leader_is_told(brokers: Brokers, fetcher: Fetcher) -> None:
    brokers.leaders[ONE] = None
    brokers.answers = {TWO: (0, _batch(5, [b"v"]))}

    fetched = await fetcher.poll(TIMEOUT_S)

    assert fetched.heard == {ONE: "it has no leader", TWO: None}


async def test_bytes_that_make_no_sense_hold_up_only_their_own_partition(
    brokers: Brokers, fetcher: Fetcher
) -> None:
    # It says that it holds more records than it does, under a checksum that is right.
    body = bytearray(_batch(5, [b"a"]))
    body[57:61] = (9).to_bytes(4, "big")
    body[17:21] = calc_crc32c(bytes(body[21:])).to_bytes(4, "big")
    brokers.answers = {ONE: (0, bytes(body)), TWO: (0, _batch(5, [b"v"]))}

    fetched = await fetcher.poll(TIMEOUT_S)

    assert list(fetched.records) == [TWO]
    assert "CorruptRecordException" in (fetched.heard[ONE] or "")


@pytest.mark.parametrize("error", [struct.error("unpack"), ValueError("x"), KeyError(7)])
async def test_an_answer_that_no_parser_can_read_is_told_and_asked_for_again(
    brokers: Brokers, fetcher: Fetcher, error: Exception
) -> None:
    brokers.error = error
    brokers.answers[ONE] = (0, _batch(5, [b"a"]))

    with pytest.raises(TransientError, match=type(error).__name__):
        await fetcher.poll(TIMEOUT_S)
    brokers.error = None

    assert list((await fetcher.poll(TIMEOUT_S)).records) == [ONE]


async def test_a_broker_that_is_away_is_told_and_asked_again(
    brokers: Brokers, fetcher: Fetcher
) -> None:
    brokers.error = KafkaConnectionError("gone")
    brokers.answers[ONE] = (0, _batch(5, [b"a"]))

    with pytest.raises(TransientError, match="KafkaConnectionError"):
        await fetcher.poll(TIMEOUT_S)
    brokers.error = None
    fetched = await fetcher.poll(TIMEOUT_S)

    assert [one.value for one in fetched.records[ONE]] == [b"a"]
