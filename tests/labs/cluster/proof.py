"""The proof after each fault: the audit, equal values, objects that never changed, true commits."""

import asyncio
import gzip
import hashlib
import json
import re
import struct
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from tests.labs.cluster.lab import CREDENTIALS, ROOT, Lab
from tests.labs.cluster.proxy import SECRET_KEY

_LINK = re.compile(r"/(?P<epoch>\d+)-(?P<partition>\d+)-(?P<link>\d{20})\.json\.gz$")


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said."""

    code: int
    text: str


async def coinlake(lab: Lab, *words: str, **environ: str) -> Said:
    """Run coinlake's command as an operator would, with variables of `environ` instead."""
    host, port = lab.upstream
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "coinlake_tools",
        *words,
        env={
            **CREDENTIALS,
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "KAFKA_BOOTSTRAP_SERVERS": lab.bootstrap,
            "COINLAKE_BUCKET": lab.name,
            **environ,
        },
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return Said(process.returncode, out.decode())


@dataclass
class Watch:
    """Looks at bucket and commits all the time: no object changes, no commit is ahead."""

    lab: Lab
    etags: dict[str, str] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)
    looks: int = 0
    _next: dict[str, int] = field(default_factory=dict)

    async def look(self, admin: AIOKafkaAdminClient) -> None:
        """Commits first: the bucket may only be ahead of them."""
        commits = await admin.list_consumer_group_offsets(self.lab.name)
        ends = await asyncio.to_thread(self._ends)
        for tp, commit in commits.items():
            if tp.topic == self.lab.topic and commit.offset > ends.get(tp.partition, 0):
                self.violations.append(f"{tp} committed {commit.offset}, chain {ends}")
        self.looks += 1

    def _ends(self) -> dict[int, int]:
        found = dict(etags(self.lab))
        for key, etag in self.etags.items():
            if found.get(key) != etag:
                self.violations.append(f"{key} was {etag}, is {found.get(key)}")
        self.etags = found
        newest: dict[int, tuple[int, int, str]] = {}
        for key in found:
            match = _LINK.search(key)
            assert match, key
            name = (int(match["epoch"]), int(match["link"]), key)
            partition = int(match["partition"])
            newest[partition] = max(newest.get(partition, (0, 0, "")), name)
        return {partition: self._end(name[2]) for partition, name in newest.items()}

    def _end(self, key: str) -> int:
        if key not in self._next:
            head = self.lab.s3.head_object(Bucket=self.lab.name, Key=key)
            self._next[key] = int(head["Metadata"]["next"])
        return self._next[key]


@asynccontextmanager
async def watched(lab: Lab) -> AsyncIterator[Watch]:
    """Watch bucket and commits through a story. Its violations are for the caller to judge."""
    watch = Watch(lab)
    admin = AIOKafkaAdminClient(bootstrap_servers=lab.bootstrap)
    await admin.start()
    done = asyncio.Event()

    async def look_on() -> None:
        while not done.is_set():
            # A broker that is killed or frozen cannot be asked; the next look counts.
            with suppress(KafkaError, OSError):
                await watch.look(admin)
            await asyncio.sleep(0.2)

    task = asyncio.create_task(look_on())
    try:
        yield watch
        done.set()
        await task
        await watch.look(admin)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await admin.close()


def etags(lab: Lab) -> Mapping[str, str]:
    """Every raw object's ETag."""
    pages = lab.s3.get_paginator("list_objects_v2").paginate(Bucket=lab.name, Prefix="raw/")
    return {item["Key"]: item["ETag"] for page in pages for item in page.get("Contents", ())}


async def prove(lab: Lab, watch: Watch | None = None, *, strangers: int = 0) -> str:
    """The whole proof; what was proven in a few words. `strangers`: commits that were not ours.

    The lines are read by gzip alone, so values must hold no newline of their own.
    """
    verdict = lab.folder / "audit.json"
    said = await coinlake(lab, "audit", "--topic", lab.topic, "--deep", "--json", str(verdict))
    assert said.code == 0, said.text
    told = json.loads(verdict.read_text())["topics"][lab.topic]
    objects = lab.objects()
    lines = b"".join(gzip.decompress(one.body) for one in objects).split(b"\n")[:-1]
    kept = [value for value in await values(lab) if value is not None]
    assert _hashes(kept) == _hashes(lines), "Kafka's values are not the lines in raw"
    assert sum(chain["compared_with_kafka"] for chain in told.values()) >= len(kept)
    if watch is not None:
        assert not watch.violations, watch.violations[:3]
    commits = await true_commits(lab, {one.key: one.metadata for one in objects}, strangers)
    no_secret(lab)
    uploads = lab.s3.list_multipart_uploads(Bucket=lab.name)
    assert not uploads.get("Uploads"), "a multipart upload was left behind"
    looks = f", {watch.looks} looks" if watch else ""
    return f"{len(kept)} values in {len(objects)} objects, {commits} commits{looks}"


async def refuted(lab: Lab, watch: Watch | None = None) -> str:
    """The proof of a control, which must fail; how it did."""
    try:
        proven = await prove(lab, watch)
    except AssertionError as red:
        return " ".join(str(red).split())
    raise AssertionError(f"the control stayed green: {proven}")


def no_secret(lab: Lab) -> None:
    """The store's secret key is in no log and in no object's metadata."""
    for log in lab.logs:
        assert SECRET_KEY not in log.read_text(errors="replace"), log
    assert all(SECRET_KEY not in repr(one.metadata) for one in lab.objects())


async def values(lab: Lab) -> list[bytes | None]:
    """All values of the topic as Kafka has them, of all partitions."""
    consumer = AIOKafkaConsumer(bootstrap_servers=lab.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        found = await consumer._client.fetch_all_metadata()
        tps = [TopicPartition(lab.topic, n) for n in found.partitions_for_topic(lab.topic)]
        ends = await consumer.end_offsets(tps)
        consumer.assign(tps)
        got: list[bytes | None] = []
        for tp in tps:
            while await consumer.position(tp) < ends[tp]:
                batches = await consumer.getmany(timeout_ms=500)
                got += [one.value for batch in batches.values() for one in batch]
    finally:
        await consumer.stop()
    return got


@dataclass(frozen=True)
class Applied:
    """A commit as the broker's own log has it."""

    partition: int
    offset: int
    metadata: str
    at_ms: int


async def commit_log(lab: Lab) -> list[Applied]:
    """Every commit of the lab's group that the broker ever took, in its order."""
    consumer = AIOKafkaConsumer(bootstrap_servers=lab.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    applied: list[Applied] = []
    try:
        found = await consumer._client.fetch_all_metadata()
        names = found.partitions_for_topic("__consumer_offsets") or ()
        tps = [TopicPartition("__consumer_offsets", number) for number in names]
        ends = await consumer.end_offsets(tps)
        consumer.assign(tps)
        for tp in tps:
            while await consumer.position(tp) < ends[tp]:
                batches = await consumer.getmany(timeout_ms=500)
                applied += [
                    one
                    for batch in batches.values()
                    for record in batch
                    if (one := _applied(record, lab)) is not None
                ]
    finally:
        await consumer.stop()
    return applied


def _applied(record: Any, lab: Lab) -> Applied | None:
    """A record of Kafka's topic of offsets, in its versions 1 (key) and 3 or later (value)."""
    key, value = record.key, record.value
    if value is None or struct.unpack_from(">h", key)[0] not in (0, 1):
        return None
    group, at = _text(key, 2)
    topic, at = _text(key, at)
    if (group, topic) != (lab.name, lab.topic):
        return None
    (partition,) = struct.unpack_from(">i", key, at)
    version, offset = struct.unpack_from(">hq", value)
    assert version in (3, 4), version
    metadata, at = _text(value, 14) if version == 3 else _compact_text(value, 14)
    (at_ms,) = struct.unpack_from(">q", value, at)
    return Applied(partition, offset, metadata, at_ms)


def _text(data: bytes, at: int) -> tuple[str, int]:
    (length,) = struct.unpack_from(">h", data, at)
    return data[at + 2 : at + 2 + length].decode(), at + 2 + length


def _compact_text(data: bytes, at: int) -> tuple[str, int]:
    length, shift = 0, 0
    while True:
        byte = data[at]
        at += 1
        length |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return data[at : at + length - 1].decode(), at + length - 1


async def true_commits(
    lab: Lab, objects: Mapping[str, Mapping[str, str]], strangers: int = 0
) -> int:
    """Each commit names an object that ends there and was there; none goes back."""
    applied = await commit_log(lab)
    ours = [one for one in applied if one.metadata]
    assert len(applied) - len(ours) <= strangers, applied
    highest: dict[int, int] = defaultdict(int)
    for one in ours:
        assert one.metadata in objects, one
        assert int(objects[one.metadata]["next"]) == one.offset, one
        assert strangers or one.offset >= highest[one.partition], f"goes back: {one}"
        highest[one.partition] = one.offset
        head = lab.s3.head_object(Bucket=lab.name, Key=one.metadata)
        assert int(head["LastModified"].timestamp()) * 1000 <= one.at_ms, one
    return len(ours)


def _hashes(values: list[bytes]) -> Counter[str]:
    return Counter(hashlib.sha256(value).hexdigest() for value in values)
