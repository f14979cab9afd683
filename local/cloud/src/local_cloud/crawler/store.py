"""Crawlers on disk: definition, last crawl and history, one JSON file each."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

READY, RUNNING, STOPPING = "READY", "RUNNING", "STOPPING"
LOST = "The local cloud ended while this crawl was alive."


@dataclass(frozen=True, slots=True)
class Crawler:
    """A crawler as it is kept; `history` has the newest crawl first. Times in seconds."""

    definition: dict[str, Any]
    created: float
    updated: float
    version: int = 1
    state: str = READY
    last: dict[str, Any] | None = None
    history: tuple[dict[str, Any], ...] = field(default=())

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.definition["Name"])

    def to_api(self, now: float) -> dict[str, Any]:
        """The `Crawler` structure of GetCrawler."""
        began = self.history[0]["StartTime"] if self.history else now
        elapsed_ms = int((now - began) * 1000) if self.state != READY else 0
        return {
            "Classifiers": [],
            "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
            "SchemaChangePolicy": {
                "UpdateBehavior": "UPDATE_IN_DATABASE",
                "DeleteBehavior": "DEPRECATE_IN_DATABASE",
            },
            "LineageConfiguration": {"CrawlerLineageSettings": "DISABLE"},
            **{key: value for key, value in self.definition.items() if key != "Tags"},
            "State": self.state,
            "CrawlElapsedTime": elapsed_ms,
            "CreationTime": self.created,
            "LastUpdated": self.updated,
            "Version": self.version,
            **({"LastCrawl": self.last} if self.last else {}),
        }


class CrawlerStore:
    """A folder of crawlers."""

    def __init__(self, folder: Path, now: Callable[[], float]) -> None:
        self._folder = folder
        self._now = now
        folder.mkdir(parents=True, exist_ok=True)

    def all(self) -> dict[str, Crawler]:
        """Every crawler by name; crawls that were alive are FAILED."""
        found = {}
        for path in sorted(self._folder.glob("*.json")):
            kept = json.loads(path.read_text(encoding="utf-8"))
            crawler = Crawler(
                **{**kept, "state": READY, "history": self._ended(kept["history"])}
            )
            if kept["history"] and kept["history"][0]["State"] == RUNNING:
                last = {**crawler.history[0], "Status": "FAILED"}
                names = ("Status", "ErrorMessage", "StartTime")
                crawler = Crawler(
                    **{**asdict(crawler), "last": {name: last[name] for name in names}}
                )
            found[crawler.name] = crawler
        return found

    def put(self, crawler: Crawler) -> None:
        """Keep one."""
        path = self._path(crawler.name)
        draft = path.with_suffix(".draft")
        draft.write_text(json.dumps(asdict(crawler)), encoding="utf-8")
        draft.replace(path)

    def delete(self, name: str) -> None:
        """Forget one."""
        self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        return self._folder / f"{quote(name, safe='')}.json"

    def _ended(self, history: list[dict[str, Any]]) -> tuple[dict[str, Any], ...]:
        lost = {"State": "FAILED", "ErrorMessage": LOST, "EndTime": self._now()}
        return tuple({**one, **lost} if one["State"] == RUNNING else one for one in history)
