"""What is told of crawls: summaries and metrics."""

import json
import statistics
from collections.abc import Mapping
from typing import Any


def counts(changes: Mapping[str, list[str]]) -> dict[str, Any]:
    """`{"ADD": {"Count": n, "Details": {"names": […]}}, …}`."""
    return {
        kind: {"Count": len(names), "Details": {"names": names}}
        for kind, names in sorted(changes.items())
    }


def metrics(name: str, history: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """The `CrawlerMetrics` structure from a crawler's history, newest first."""
    ended = [one for one in history if "EndTime" in one]
    seconds = [one["EndTime"] - one["StartTime"] for one in ended]
    return {
        "CrawlerName": name,
        "TimeLeftSeconds": 0.0,
        "StillEstimating": len(ended) < len(history),
        "LastRuntimeSeconds": seconds[0] if seconds else 0.0,
        "MedianRuntimeSeconds": statistics.median(seconds) if seconds else 0.0,
        "TablesCreated": _tables(ended[:1], "ADD"),
        "TablesUpdated": _tables(ended[:1], "UPDATE"),
        "TablesDeleted": _tables(ended[:1], "DELETE"),
    }


def _tables(crawls: list[dict[str, Any]], kind: str) -> int:
    summaries = (json.loads(one.get("Summary", "{}")) for one in crawls)
    return sum(one.get("TABLE", {}).get(kind, {}).get("Count", 0) for one in summaries)
