"""What must be true of topics that the sink copies: they only expire."""

from collections.abc import Mapping

from coinlake.errors import ConfigError


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
