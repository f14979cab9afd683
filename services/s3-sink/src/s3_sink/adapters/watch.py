"""Looks whether every configured topic is there and read by somebody, and tells where not."""

import asyncio
from collections.abc import Sequence

from coinlake import logs
from coinlake.errors import TransientError
from s3_sink.core.coverage import Known, uncovered
from s3_sink.core.ports import Cluster
from s3_sink.metrics import SinkMetrics

log = logs.get(__name__)

_EVERY_S = 5.0


class Watch:
    """`troubles` are the configured topics that are not stored as they should be, and why."""

    def __init__(self, cluster: Cluster, metrics: SinkMetrics, topics: Sequence[str]) -> None:
        self._cluster = cluster
        self._metrics = metrics
        self._topics = topics
        self._doubted: dict[str, str] = {}
        self.troubles: dict[str, str] = {}
        for topic in topics:
            metrics.topic_up.labels(topic).set(0)

    async def follow(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except TransientError as error:
                log.warning("topics_unknown", reason=str(error))
            await asyncio.sleep(_EVERY_S)

    async def look(self) -> None:
        """One look. Raises TransientError."""
        states = await self._cluster.topics(self._topics)
        known = {
            name: Known(frozenset(state.leaders), state.trouble)
            for name, state in states.items()
        }
        readers = await self._cluster.readers()
        found = uncovered(self._topics, known, readers)
        for topic in self._topics:
            trouble = found.get(topic)
            # Once may be a rebalance, or metadata on its way; what is seen twice is told.
            is_new = trouble is not None and topic not in self._doubted
            # While the group gives partitions out nobody can say that one is read again.
            is_open = trouble is None and readers is None and topic in self.troubles
            if not (is_new or is_open):
                self._tell(topic, trouble)
        self._doubted = found

    def _tell(self, topic: str, trouble: str | None) -> None:
        before = self.troubles.pop(topic, None)
        if trouble is not None:
            self.troubles[topic] = trouble
            if trouble != before:
                log.error("topic_not_stored", topic=topic, reason=trouble)
        elif before is not None:
            log.info("topic_stored_again", topic=topic)
        self._metrics.topic_up.labels(topic).set(trouble is None)
