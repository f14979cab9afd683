"""What must be true before the sink runs: a store that can refuse, topics that only expire."""

from collections.abc import Mapping

from coinlake.contracts.raw_layout import CHAIN_PREFIX
from coinlake.errors import ConfigError, PreconditionFailedError, TransientError
from s3_sink.core.ports import Store

# Kept for ever: a probe that has to be deleted would need a right that the sink should not have.
PROBE_KEY = f"{CHAIN_PREFIX}probe"
_PROBE_BODY = b"The sink puts this key twice at each start; the second must be refused (412).\n"


async def require_create_only(store: Store) -> None:
    """Put a key twice: a store that takes it twice would let zombies overwrite data.

    Raises ConfigError where it does, TransientError where its answers do not go together.
    """
    taken = ""
    for _ in range(2):
        try:
            taken = await store.put(PROBE_KEY, _PROBE_BODY, if_none_match=True)
        except PreconditionFailedError:
            if await store.head(PROBE_KEY) is not None:
                return
            raise TransientError(
                f"{PROBE_KEY} is refused as if it were there, but is not there"
            ) from None
    there = await store.head(PROBE_KEY)
    if there is None or there.etag != taken:
        # A restart by hand would be needed after a ConfigError: first be sure whose word it is.
        raise TransientError(f"{PROBE_KEY} was taken twice, but is not there")
    raise ConfigError(
        "the object store ignores If-None-Match: it would let two sinks overwrite each other"
    )


def require_deleting(settings: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse compacted topics: their holes look like losses. Raises ConfigError."""
    for topic, values in sorted(settings.items()):
        policy = values.get("cleanup.policy", "delete")
        if policy != "delete":
            raise ConfigError(f"topic {topic} has cleanup.policy={policy}, it must be delete")


def too_short(settings: Mapping[str, Mapping[str, str]], outage_s: float) -> dict[str, float]:
    """Topics that expire before the longest outage is over, with their retention in seconds."""
    kept = {
        topic: int(values["retention.ms"]) / 1000
        for topic, values in settings.items()
        if "retention.ms" in values
    }
    return {topic: kept_s for topic, kept_s in kept.items() if 0 <= kept_s < outage_s}
