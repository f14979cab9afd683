"""What the ingestor says of itself and what it sent, counted by the tests."""

from collections.abc import Callable, Iterable
from typing import Any

from coinlake.contracts.topics import GAPS
from tests.integration.ingestor.conftest import Read

ONLY_ASSETS = {
    "INGESTOR_FEEDS__RATES__PAGES": "0",
    "INGESTOR_FEEDS__EXCHANGES__PAGES": "0",
    "INGESTOR_FEEDS__MARKETS__PAGES": "0",
    "INGESTOR_FEEDS__ASSETS__PAGES": "1",
}


def polls(status: Any) -> int:
    return sum(feed["polls"] for feed in status["feeds"].values())


def settled(status: Any) -> int:
    """Answers that Kafka has."""
    return sum(feed["published"] + feed["rejected"] for feed in status["feeds"].values())


def at_least(count: int) -> Callable[[Any], bool]:
    """So many answers are journaled."""
    return lambda status: polls(status) >= count


def spool_full(gaps: Iterable[Any]) -> int:
    """Ticks that were missed because the journal was full."""
    return sum(gap["count"] for gap in gaps if gap["cause"] == "spool_full")


def answers(records: Iterable[Read]) -> list[Read]:
    return [record for record in records if record.value is not None and record.topic != GAPS]


def heartbeats(records: Iterable[Read]) -> list[Read]:
    return [record for record in records if record.value is None]
