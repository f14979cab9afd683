"""The topics that the sink copies: made where they are missing, and refused where they compact."""

from collections.abc import Sequence

from coinlake import logs
from coinlake.contracts.topics import LANDED, TOPICS
from coinlake.errors import ConfigError, InvariantError, TransientError
from coinlake.settings import KafkaSettings
from coinlake.topics import RefusedTopicsError, describe, ensure_topics
from s3_sink.core import checks

log = logs.get(__name__)


class SourceTopics:
    """Those that were found fit are not looked at again."""

    def __init__(self, kafka: KafkaSettings, topics: Sequence[str]) -> None:
        self._kafka = kafka
        self._topics = topics
        self._fit: set[str] = set()

    async def prepare(self, replication_factor: int, longest_outage_s: float) -> None:
        """Make and check all, before a start. Raises ConfigError, TransientError."""
        contracts = [TOPICS[name] for name in (*self._topics, LANDED) if name in TOPICS]
        try:
            await ensure_topics(self._kafka, contracts, replication_factor)
        except RefusedTopicsError as error:
            # Those that are there are stored meanwhile; the watch tells of the others.
            log.error("topics_not_made", reason=str(error))
        found = await describe(self._kafka, self._topics)
        checks.require_deleting(found)
        self._fit |= set(found)
        for topic, kept_s in checks.too_short(found, longest_outage_s).items():
            log.warning("retention_short", topic=topic, retention_s=kept_s)

    async def require_fit(self, topic: str) -> None:
        """A topic that could not be described at the start is looked at when it can be.

        Raises InvariantError where it compacts, TransientError.
        """
        if topic in self._fit:
            return
        found = await describe(self._kafka, [topic])
        if topic not in found:
            raise TransientError(f"topic {topic} cannot be described")
        try:
            checks.require_deleting(found)
        except ConfigError as error:
            # The others are stored: only a start says no to all of them.
            raise InvariantError(str(error)) from error
        self._fit.add(topic)
