"""Journals as tests make them."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

from ingestor.adapters.journal import Journal, open_journal
from ingestor.core.entries import Outgoing, TickMark, TickOutcome
from ingestor.core.progress import Pending
from ingestor.core.schedule import Tick

ASSETS, RATES = "coincap.assets.v1", "coincap.rates.v1"


def mark(
    due_ms: int = 1_000,
    outcome: TickOutcome = TickOutcome.USABLE,
    count: int = 1,
    feed: str = "assets",
) -> TickMark:
    return TickMark(feed, f"{feed}?limit=1&offset=0", Tick(due_ms, 500), outcome, count)


def record(value: bytes = b"{}", topic: str = ASSETS, timestamp_ms: int = 1_000) -> Outgoing:
    return Outgoing(topic, b"assets", value, (("poll_id", b"ab"), ("x", None)), timestamp_ms)


def opened(folder: Path, max_bytes: int = 10_000_000) -> AbstractAsyncContextManager[Journal]:
    return open_journal(folder, max_bytes=max_bytes)


def files(folder: Path, kind: str = "*") -> list[Path]:
    """The entries' files: those without any entry, kept for a full disk, hold nothing."""
    found = (path for path in folder.glob(f"*.{kind}") if path.is_file())
    return sorted(path for path in found if not path.name.startswith("spare-"))


async def waiting(journal: Journal) -> list[Outgoing]:
    return [await journal.read(pending) for pending in journal.progress.pending]


def first(journal: Journal, topic: str = ASSETS) -> Pending:
    pending = journal.progress.head(topic)
    assert pending is not None
    return pending
