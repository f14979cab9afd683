"""The hours before a demo began: what the simulated market would have answered then, into Kafka.

    python -m local_stack.history --hours 3 --seed 42

The answers go the way of all others (Kafka, sink, Spark) and are told apart by their `source`,
`simulator-history`. They are sent before the ingestor starts: after its first heartbeat nothing
older may come. Nobody polled them, so neither the ingestor nor the simulator's ledger knows them.
"""

import argparse
import asyncio
import hashlib
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coincap_simulator.config import settings_from
from coincap_simulator.core.routes import CoinCap
from coincap_simulator.simulation import simulation
from coinlake import logs
from coinlake.contracts.datasets import ASSETS
from coinlake.contracts.headers import AnswerHeaders, Header
from coinlake.kafka import Producer, open_producer
from coinlake.settings import KafkaSettings
from ingestor.core.feeds import FEEDS
from ingestor.core.page import Page
from local_stack.pace import HISTORY_ASSETS, HISTORY_EVERY_S, HISTORY_SOURCE

log = logs.get(__name__)

_BASE_URL = "http://127.0.0.1/v3"
_TOOK_MS = 120
# A batch of Kafka's client is far below what its broker takes at once.
_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class PastAnswer:
    """One answer as it would have been received at that time, in ms since the epoch, UTC."""

    key: bytes
    body: bytes
    headers: tuple[Header, ...]
    received_at_ms: int


def market(seed: int) -> CoinCap:
    """The stack's simulator with the first assets alone.

    An asset has the same prices among few as among many; it ranks among these.
    """
    settings = settings_from(["--seed", str(seed), "--assets", str(HISTORY_ASSETS)])
    return simulation(settings, lambda: 0).api


def past_answers(api: CoinCap, now_ms: int, hours: int) -> Iterator[PastAnswer]:
    """The first assets every few seconds, the oldest first, up to now."""
    page, every_ms = Page(FEEDS[ASSETS.name], HISTORY_ASSETS), HISTORY_EVERY_S * 1000
    newest = now_ms // every_ms - 1
    for turn in range(newest - hours * 3600 // HISTORY_EVERY_S + 1, newest + 1):
        yield _answer(api, page, turn * every_ms)


def _answer(api: CoinCap, page: Page, at_ms: int) -> PastAnswer:
    query = {"limit": str(page.limit), "offset": str(page.offset)}
    answer = api.answer(f"/v3{page.feed.route}", query, at_ms)
    headers = AnswerHeaders(
        poll_id=secrets.token_hex(16),
        requested_at_ms=at_ms,
        received_at_ms=at_ms + _TOOK_MS,
        status=answer.status,
        url=page.url(_BASE_URL),
        sha256=hashlib.sha256(answer.body).hexdigest(),
        source=HISTORY_SOURCE,
        traceparent=f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01",
        tick_id=secrets.token_hex(8),
    )
    return PastAnswer(page.key.encode(), answer.body, tuple(headers.encode()), at_ms + _TOOK_MS)


async def send(producer: Producer, answers: Sequence[PastAnswer]) -> None:
    """Into Kafka, in their order. Raises TransientError while the broker is away."""
    for begin in range(0, len(answers), _AT_ONCE):
        await asyncio.gather(
            *(
                producer.send(
                    ASSETS.topic,
                    key=answer.key,
                    value=answer.body,
                    headers=answer.headers,
                    timestamp_ms=answer.received_at_ms,
                )
                for answer in answers[begin : begin + _AT_ONCE]
            )
        )


async def _main(hours: int, seed: int) -> None:
    now_ms = time.time_ns() // 1_000_000
    answers = list(past_answers(market(seed), now_ms, hours))
    async with open_producer(KafkaSettings(), "local-stack-history") as producer:
        await send(producer, answers)
    log.info("history_sent", feed=ASSETS.name, answers=len(answers), hours=hours)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("hours", "seed"):
        parser.add_argument(f"--{name}", type=int, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    chosen = _arguments()
    logs.configure("local-stack-history")
    asyncio.run(_main(chosen.hours, chosen.seed))
