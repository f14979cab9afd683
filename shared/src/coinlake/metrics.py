"""Makes the metrics of one service: all of them have its prefix and are in its registry."""

from collections.abc import Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Family:
    """The metrics whose names begin with `<prefix>_`. `name` is without it, `text` is the help."""

    def __init__(self, prefix: str, registry: CollectorRegistry) -> None:
        self._prefix = prefix
        self._registry = registry

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"{self._prefix}_{name}", text, labels, registry=self._registry)

    def gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"{self._prefix}_{name}", text, labels, registry=self._registry)

    def histogram(
        self,
        name: str,
        text: str,
        *labels: str,
        buckets: Sequence[float] = Histogram.DEFAULT_BUCKETS,
    ) -> Histogram:
        """`buckets` are upper bounds."""
        return Histogram(
            f"{self._prefix}_{name}", text, labels, buckets=buckets, registry=self._registry
        )
