"""The metrics of query-api."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# Those that people wait for; a test compares them with the application's.
ROUTES = (
    "/v1/assets", "/v1/assets/{id}", "/v1/assets/{id}/candles", "/v1/assets/{id}/quotes",
    "/v1/coverage", "/v1/queries", "/v1/queries/{id}",
)  # fmt: skip
_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class QueryApiMetrics:
    """All labels come from closed sets: routes, outcomes, reasons, feeds."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "query_api_requests_total", "Requests answered.", ["route", "status"],
            registry=registry,
        )  # fmt: skip
        self.request_seconds = Histogram(
            "query_api_request_seconds", "Time to answer.", ["route"], buckets=_BUCKETS,
            registry=registry,
        )  # fmt: skip
        self.queries = Counter(
            "query_api_queries_total", "Athena queries ended.", ["outcome"], registry=registry
        )
        self.query_seconds = Histogram(
            "query_api_query_seconds", "Time from submission to rows.", buckets=_BUCKETS,
            registry=registry,
        )  # fmt: skip
        self.shared = Counter(
            "query_api_queries_shared_total",
            "Requests that joined a running query instead of starting one.",
            registry=registry,
        )
        self.scanned_bytes = Counter(
            "query_api_scanned_bytes_total", "Bytes that Athena scanned.", registry=registry
        )
        self.usd = Counter(
            "query_api_cost_usd_total", "What the queries cost, in dollars.", registry=registry
        )
        self.running = Gauge(
            "query_api_queries_running", "Queries that hold a place.", registry=registry
        )
        self.queued = Gauge(
            "query_api_queries_queued", "Queries that wait for a place.", registry=registry
        )
        self.stop_failures = Counter(
            "query_api_stop_failures_total",
            "Abandoned queries that could not be stopped.",
            registry=registry,
        )
        self.refused_sql = Counter(
            "query_api_sql_refused_total", "Statements refused by the guard.", ["reason"],
            registry=registry,
        )  # fmt: skip
        self.watermark = Gauge(
            "query_api_watermark_timestamp_seconds",
            "Newest receive time that is published.",
            ["feed"],
            registry=registry,
        )
        self.ledger_unreadable = Counter(
            "query_api_ledger_unreadable_total",
            "Ledger entries that could not be read.",
            registry=registry,
        )
        self.closed_connections = Counter(
            "query_api_connections_closed_total",
            "Connections closed by a limit.",
            ["reason"],
            registry=registry,
        )
        # At 0 from the start: Prometheus sees no increase in a series that is born at 1.
        for route in ROUTES:
            for status in ("200", "500", "503", "504"):
                self.requests.labels(route, status)
        for outcome in ("succeeded", "cancelled"):
            self.queries.labels(outcome)
        for reason in ("slow", "too_many"):
            self.closed_connections.labels(reason)
