"""`GET /status`: the ingestor's state for the demo, the page and the tools."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from aiohttp import web

from coinlake.health import json_response
from ingestor.adapters.journal import Journal
from ingestor.loop.budget import Budget
from ingestor.loop.gating import Gating
from ingestor.loop.polling import Poller
from ingestor.loop.sending import Sender


class Status:
    """What can be told of the ingestor; counts are those of the state directory, not the process."""

    def __init__(
        self,
        journal: Journal,
        budget: Budget,
        gating: Gating,
        sender: Sender,
        pollers: Sequence[Poller],
    ) -> None:
        self._journal = journal
        self._budget = budget
        self._gating = gating
        self._sender = sender
        self._pollers = pollers

    def ready(self) -> dict[str, str | None]:
        """What the ingestor needs, each with the reason why it is not fine."""
        return {
            "kafka": self._sender.reason(time.monotonic()) or self._stamp_reason(),
            "api_key": self._api_reason(),
            "journal": self._journal_reason(),
        }

    def _stamp_reason(self) -> str | None:
        is_ahead = self._gating.clock.is_refused
        return "it refuses our timestamps: our clock is ahead of its own" if is_ahead else None

    def _api_reason(self) -> str | None:
        if self._gating.key.refused:
            return "the API refuses the key (401 or 403)"
        refused = [one.plan.page.key for one in self._pollers if one.gate.is_refused]
        if refused:
            return f"the API refuses {', '.join(refused)} (401 or 403, looked at twice)"
        limited_s = self._gating.limited_ms / 1_000
        return f"the API says for {limited_s:.0f} s: too much (429)" if limited_s else None

    def _journal_reason(self) -> str | None:
        if self._gating.spool_is_full:
            return "full: Kafka has to take records first"
        refusal = self._journal.refusal
        return f"the disk refuses: {refusal}" if refusal is not None else None

    async def facts(self) -> dict[str, Any]:
        """The body of /status."""
        # Before all else: without an await in between, the rest is of one moment.
        disk_bytes = await self._journal.disk_bytes()
        aside = await self._journal.aside()
        progress, clock = self._journal.progress, self._gating.clock
        unnamed = [run for poller in self._pollers for run in poller.missed.unnamed]
        feeds = {
            feed: asdict(progress.facts(feed))
            for feed in dict.fromkeys(poller.plan.page.feed.name for poller in self._pollers)
        }
        for run in unnamed:
            feeds[run.page.feed.name]["missed"] += run.missed.count
        return {
            "feeds": feeds,
            "pages": {
                poller.plan.page.key: {
                    "wished_interval_ms": poller.plan.interval_ms,
                    "interval_ms": self._budget.interval_ms(poller.plan),
                    "credits": self._budget.price(poller.plan.page),
                    "paused_ms": poller.gate.waits_ms(clock.steady_ms()),
                }
                for poller in self._pollers
            },
            "clock": {
                "now_ms": clock(),
                "wall_is_off_ms": clock.wall_is_off_ms,
                "is_settled": clock.is_settled,
                "is_ahead_of_kafka": clock.is_refused,
                "moves": clock.moves,
            },
            "credits": self._credits(),
            "journal": {
                "pending_records": progress.pending_records,
                "pending_bytes": progress.pending_bytes,
                "room_bytes": self._journal.room_bytes,
                "disk_bytes": disk_bytes,
                "next_number": progress.next_number,
                "topics": {
                    topic: {"last": line.last, "sent": line.sent, "pending": len(line.pending)}
                    for topic, line in progress.lines.items()
                },
                "torn_bytes": self._journal.recovery.torn_bytes,
                "odd_files": [asdict(one) for one in self._journal.recovery.troubles],
                "lost": [asdict(one) for one in self._journal.holes],
                "aside": [{"name": name, "bytes": size} for name, size in aside],
            },
            "topics": {
                one.topic: one.kafka.reason(time.monotonic()) for one in self._sender.topics
            },
            "missed": [*progress.gaps, *(run.facts() for run in unnamed)],
            "needs": self.ready(),
        }

    def route(self) -> web.RouteDef:
        """The endpoint."""

        async def status(_: web.Request) -> web.Response:
            return json_response(await self.facts())

        return web.get("/status", status)

    def _credits(self) -> dict[str, Any]:
        balance = self._budget.balance
        return {
            "month": balance.month,
            "spent": balance.spent,
            "total": balance.total,
            "reserved": balance.reserved,
            "left": self._budget.left,
            "stretch": round(self._budget.factor, 3),
        }
