"""From Kafka to rows of SQL: what the sink and the job need for the same answers, on one core.

`python -m bench.etl.chain` fills the topic of assets with an hour of answers, lets the sink copy it to
S3 from its start to its end, and then the job rebuild the hour from the objects that the sink made. It
prints MB of answers per CPU second of each and of both together. The job's session is not counted, the
sink's start is. The figures go to `.local/bench/chain.json` too.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiokafka import AIOKafkaProducer

from bench.etl.__main__ import FOLDER, aws, on_last_core
from bench.etl.corpus import HOUR, Corpus, corpus
from bench.sink import provisions
from bench.sink.job import Job
from bench.sink.measure import accounted
from bench.sink.peers import WRITERS
from bench.sink.store import Store, open_store
from coinlake.contracts.datasets import ASSETS
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_layout import hour_prefix
from coinlake.contracts.topics import TOPICS
from coinlake.settings import KafkaSettings
from coinlake.topics import ensure_topics
from local_stack.broker import start_broker

BUCKET = "bench-chain"
OUTPUT = FOLDER / "chain.json"
_OBJECT_BYTES = 8 * 1024 * 1024
_LIMIT_S = 900.0


@dataclass(frozen=True, slots=True)
class ChainFigures:
    """CPU seconds of the two for so many bytes of answers, and the rows of quotes."""

    answer_bytes: int
    sink_cpu_s: float
    job_cpu_s: float
    objects: int
    rows: int

    def speed(self, cpu_s: float) -> float:
        """MB per CPU second."""
        return self.answer_bytes / 1e6 / cpu_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[200, 1000])
    found = [measured(size) for size in parser.parse_args().megabytes]
    OUTPUT.write_text(json.dumps([asdict(one) for one in found], indent=2) + "\n")


def measured(megabytes: int) -> ChainFigures:
    """One hour of so many MB through both."""
    hour = corpus(FOLDER / "etl" / str(megabytes), megabytes)
    scratch = FOLDER / "scratch" / "chain"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    with ExitStack() as opened:
        opened.callback(shutil.rmtree, scratch, ignore_errors=True)
        store = opened.enter_context(open_store(provisions.versitygw(_say), scratch / "store"))
        (scratch / "kafka").mkdir()
        broker = opened.enter_context(start_broker(scratch / "kafka"))
        values = asyncio.run(_fill(broker.bootstrap, hour))
        sink_cpu_s = _copied(broker.bootstrap, store, values, scratch)
        inputs = _inputs(store)
        job_cpu_s, rows = _rebuilt(store, inputs, scratch)
    found = ChainFigures(hour.answer_bytes, sink_cpu_s, job_cpu_s, len(inputs), rows)
    both = found.speed(sink_cpu_s + job_cpu_s)
    _say(
        f"{megabytes} MB: sink {found.speed(sink_cpu_s):.1f}, job {found.speed(job_cpu_s):.1f},"
        f" from Kafka to rows {both:.1f} MB per CPU s; {len(inputs)} objects, {rows} rows"
    )
    return found


async def _fill(bootstrap: str, hour: Corpus) -> int:
    """Send the hour's answers as the ingestor would; how many there are."""
    topic = TOPICS[ASSETS.topic]
    await ensure_topics(KafkaSettings(bootstrap_servers=bootstrap), [topic])
    values = 0
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", max_request_size=topic.max_message_bytes
    )
    async with producer:
        for key in hour.keys:
            for record in decode(hour.body(key)).records:
                await producer.send_and_wait(
                    topic.name,
                    record.value,
                    key=record.key,
                    headers=list(record.headers),
                    timestamp_ms=record.timestamp_ms,
                )
                values += 1
    return values


def _copied(bootstrap: str, store: Store, values: int, scratch: Path) -> float:
    """CPU seconds of the sink until all is stored and it has ended."""
    store.make(BUCKET)
    job = Job(
        bootstrap,
        ASSETS.topic,
        TOPICS[ASSETS.topic].partitions,
        values,
        store.endpoint,
        BUCKET,
        1,
        _OBJECT_BYTES,
        values,
        str(scratch),
    )
    core = (os.cpu_count() or 1) - 1
    found = accounted(
        WRITERS["coinlake"].launch(job), job, core, _LIMIT_S, scratch / "sink.log"
    )
    if found.exit_code or not found.in_time:
        raise RuntimeError((scratch / "sink.log").read_text()[-2000:])
    return found.cpu_s


def _inputs(store: Store) -> list[tuple[str, str, int]]:
    prefix = hour_prefix(ASSETS.topic, HOUR)
    return [
        (one.key, store.etag(BUCKET, one.key), one.size)
        for one in store.objects(BUCKET)
        if one.key.startswith(prefix)
    ]


def _rebuilt(
    store: Store, inputs: list[tuple[str, str, int]], scratch: Path
) -> tuple[float, int]:
    """CPU seconds of the job, and the rows of quotes that it made."""
    told = scratch / "job.json"
    asked = {
        "feed": ASSETS.name,
        "dt": HOUR.dt,
        "hour": HOUR.hour,
        "bucket": BUCKET,
        "attempt": datetime.now(UTC).strftime("%H%M%S"),
        "phases": str(scratch / "phases.json"),
        "inputs": inputs,
    }
    told.write_text(json.dumps(asked))
    command = [sys.executable, "-m", "bench.etl.with_coinlake", str(told)]
    figures = on_last_core(command, aws(store))
    return figures["cpu_s"], figures["rows"]


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
