"""The unit tier does not prove power cuts: without fsync it takes milliseconds."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from ingestor.adapters.journal import open_journal
from tests.unit.ingestor.bench import Bench


@pytest.fixture(autouse=True)
def _no_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        journal = await stack.enter_async_context(
            open_journal(tmp_path / "journal", max_bytes=50_000)
        )
        yield Bench(tmp_path, journal)
