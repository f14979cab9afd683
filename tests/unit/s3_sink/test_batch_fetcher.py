"""What the fetcher asks of the brokers, and what it does with every kind of answer."""

import asyncio
import struct
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException, KafkaConnectionError
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from coinlake.errors import TransientError
from s3_sink.adapters.fetch import Fetcher, Limits
from s3_sink.adapters.records import columns_of_batches

ONE, TWO = TopicPartition("t", 0), TopicPartition("t", 1)
NONE, GZIP, LZ4, ZSTD = 0, 1, 3, 4
OUT_OF_RANGE, NOT_LEADER = 1, 6
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
        self.answers: dict[TopicPartition, tuple[int, bytes]] = {}
        self.asked: list[tuple[int, dict[TopicPartition, int]]] = []
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.error: Exception | None = None
        self.metadata_updates = 0

    def leader_for_partition(self, tp: TopicPartition) -> int | None:
        return self.leaders[tp]

    def brokers(self) -> list[int]:
        return [0, 1]

    def force_metadata_update(self) -> None:
        self.metadata_updates += 1

    async def send(self, node: int, request: Any) -> Any:
        wanted = {
            TopicPartition(topic, number): offset
            for topic, partitions in request.topics
            for number, offset, _ in partitions
        }
        self.asked.append((node, wanted))
        self.was_asked.set()
        # What is there now; it may take long until the answer arrives.
        known = {tp: self.answers.get(tp, (0, b"")) for tp in wanted}
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        said = [("t", [(tp.partition, code, 0, data) for tp, (code, data) in known.items()])]
        return SimpleNamespace(topics=said)


@pytest.fixture
def brokers() -> Brokers:
    return Brokers()


@pytest.fixture
async def fetcher(brokers: Brokers) -> AsyncIterator[Fetcher]:
    with ThreadPoolExecutor(1) as pool:
        fetcher = Fetcher(brokers, pool, Limits(1000, 1000))
        fetcher.add([ONE, TWO])
        for tp in (ONE, TWO):
            fetcher.seek(tp, 5)
            fetcher.resume(tp)
        yield fetcher
        await fetcher.close()


@pytest.mark.parametrize("codec", [NONE, GZIP, LZ4, ZSTD])
def test_batches_come_back_record_by_record(codec: int) -> None:
    data = _batch(5, [b"a", None, b""], codec) + _batch(9, [b"z"], codec, key=b"k")

    columns, position = columns_of_batches(data, 5)

    found = [(one.offset, one.timestamp_ms, one.key, one.value, one.headers) for one in columns]
    assert found == [
        (5, 1000, None, b"a", ()),
        (6, 1001, None, None, (("h", None), ("h", b"2"))),
        (7, 1002, None, b"", ()),
        (9, 1000, b"k", b"z", ()),
    ]
    assert position == 10


def test_a_batch_that_starts_earlier_is_read_from_the_position_on() -> None:
    columns, position = columns_of_batches(_batch(5, [b"a", b"b", b"c"]), 7)

    assert [one.value for one in columns] == [b"c"]
    assert position == 8


def test_half_a_batch_at_the_end_is_left_for_the_next_question() -> None:
    columns, position = columns_of_batches(_batch(5, [b"a"]) + _batch(6, [b"b"])[:-1], 5)

    assert [one.value for one in columns] == [b"a"]
    assert position == 6


def test_a_flipped_bit_fails_the_checksum() -> None:
    data = bytearray(_batch(5, [b"a"]))
    data[-2] ^= 1  # of the value: nothing but the checksum can tell

    with pytest.raises(CorruptRecordException):
        columns_of_batches(bytes(data), 5)


async def test_the_next_question_starts_behind_what_was_handed_out(
    brokers: Brokers, fetcher: Fetcher
) -> None:
    brokers.answers[ONE] = (0, _batch(5, [b"a", b"b"]))

    fetched = await fetcher.poll(TIMEOUT_S)
    await fetcher.poll(TIMEOUT_S)

    assert [one.value for one in fetched.records[ONE]] == [b"a", b"b"]
    assert [asked for _, asked in brokers.asked] == [{ONE: 5, TWO: 5}, {ONE: 7, TWO: 5}]


@pytest.mark.parametrize("move", ["seek", "pause", "remove"])
async def test_an_answer_to_an_old_question_is_dropped(
    brokers: Brokers, fetcher: Fetcher, move: str
) -> None:
    brokers.answers[ONE] = (0, _batch(5, [b"old"]))
    brokers.may_answer.clear()
    polling = asyncio.ensure_future(fetcher.poll(TIMEOUT_S))
    await brokers.was_asked.wait()

    {
        "seek": lambda: fetcher.seek(ONE, 3),
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
        fetcher = Fetcher(brokers, pool, Limits(1000, 1000))
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
    fetcher.pause(TWO)
    fetcher.seek(ONE, 5)

    assert list(fetched.records) == [TWO]
    with pytest.raises(TransientError, match="CorruptRecordException"):
        await fetcher.poll(TIMEOUT_S)


async def test_bytes_that_no_parser_can_read_hold_up_only_their_own_partition(
    brokers: Brokers, fetcher: Fetcher
) -> None:
    named = _batch(5, [None]).replace(b"\x02h", b"\x02\xff")
    body = bytearray(named)
    body[17:21] = calc_crc32c(bytes(body[21:])).to_bytes(4, "big")
    brokers.answers = {ONE: (0, bytes(body)), TWO: (0, _batch(5, [b"v"]))}

    fetched = await fetcher.poll(TIMEOUT_S)
    fetcher.pause(TWO)
    fetcher.seek(ONE, 5)

    assert list(fetched.records) == [TWO]
    with pytest.raises(TransientError, match="UnicodeDecodeError"):
        await fetcher.poll(TIMEOUT_S)


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
