"""The metrics of query-api."""

from prometheus_client import CollectorRegistry

from coinlake.metrics import Family

# Those that people wait for; a test compares them with the application's.
ROUTES = (
    "/v1/assets",
    "/v1/assets.{format}",
    "/v1/assets/{id}",
    "/v1/assets/{id}/candles",
    "/v1/assets/{id}/candles.{format}",
    "/v1/assets/{id}/lineage",
    "/v1/assets/{id}/markets",
    "/v1/assets/{id}/markets.{format}",
    "/v1/assets/{id}/quotes",
    "/v1/assets/{id}/quotes.{format}",
    "/v1/candles",
    "/v1/candles.{format}",
    "/v1/cost",
    "/v1/coverage",
    "/v1/coverage.{format}",
    "/v1/exchanges",
    "/v1/exchanges.{format}",
    "/v1/exchanges/{id}",
    "/v1/exchanges/{id}/history",
    "/v1/exchanges/{id}/history.{format}",
    "/v1/hours",
    "/v1/hours/{table}/{hour}",
    "/v1/markets",
    "/v1/markets.{format}",
    "/v1/movers",
    "/v1/movers.{format}",
    "/v1/pipeline",
    "/v1/queries",
    "/v1/queries/{id}",
    "/v1/queries/{id}.{format}",
    "/v1/quotes",
    "/v1/quotes.{format}",
    "/v1/rates",
    "/v1/rates.{format}",
    "/v1/rates/{id}",
    "/v1/rates/{id}/history",
    "/v1/rates/{id}/history.{format}",
    "/v1/sparklines",
    "/v1/sql/functions",
    "/v1/tables",
    "/v1/tables/{name}",
)
_BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class QueryApiMetrics:
    """All labels come from closed sets: routes, outcomes, reasons, feeds."""

    def __init__(self, registry: CollectorRegistry) -> None:
        family = Family("query_api", registry)
        self._of_keys(family)
        self.requests = family.counter(
            "requests_total", "Requests answered.", "route", "status"
        )
        self.request_seconds = family.histogram(
            "request_seconds", "Time to answer a request.", "route", buckets=_BUCKETS
        )
        self.queries = family.counter(
            "queries_total", "Athena queries that have ended.", "outcome"
        )
        self.query_seconds = family.histogram(
            "query_seconds", "Time from submission to the rows.", buckets=_BUCKETS
        )
        self.shared = family.counter(
            "queries_shared_total",
            "Requests that joined a running query instead of starting one.",
        )
        self.kept = family.counter(
            "answers_kept_total",
            "Requests answered without a query: from memory, or with 304.",
            "how",
        )
        self.throttled = family.counter(
            "athena_throttled_total",
            "Calls that Athena refused: too many active queries, or too many calls a second.",
            "kind",
        )
        self.scanned_bytes = family.counter("scanned_bytes_total", "Bytes scanned by Athena.")
        self.usd = family.counter("cost_usd_total", "Cost of the queries in dollars.")
        self.running = family.gauge("queries_running", "Queries that hold a slot.")
        self.queued = family.gauge("queries_queued", "Queries waiting for a slot.")
        self.stop_failures = family.counter(
            "stop_failures_total", "Abandoned queries that could not be stopped."
        )
        self.refused_sql = family.counter(
            "sql_refused_total", "Statements refused by the guard.", "reason"
        )
        self.newest_received = family.gauge(
            "newest_received_timestamp_seconds",
            "Receive time of the newest published answer.",
            "feed",
        )
        self.watermark = family.gauge(
            "watermark_timestamp_seconds",
            "Up to when the tables are complete: everything received before is in them.",
            "feed",
        )
        self.ledger_unreadable = family.counter(
            "ledger_unreadable_total", "Ledger entries that could not be read."
        )
        self.closed_connections = family.counter(
            "connections_closed_total", "Connections closed because of a limit.", "reason"
        )
        self.cut_answers = family.counter(
            "answers_cut_total",
            "Answers whose connection was reset before their end.",
            "reason",
        )
        # At 0 from the start: Prometheus sees no increase in a series that is born at 1.
        for route in ROUTES:
            for status in ("200", "429", "500", "503", "504"):
                self.requests.labels(route, status)
        for outcome in ("succeeded", "cancelled"):
            self.queries.labels(outcome)
        for kind in ("concurrency", "rate"):
            self.throttled.labels(kind)
        for how in ("memory", "not_modified"):
            self.kept.labels(how)
        for reason in ("slow_reader", "source"):
            self.cut_answers.labels(reason)
        for reason in ("slow", "idle", "too_many"):
            self.closed_connections.labels(reason)

    def _of_keys(self, family: Family) -> None:
        """Keys, what they may have read, and what that is told from."""
        self.charged_bytes = family.counter(
            "charged_bytes_total", "Bytes that were taken off the budgets of keys."
        )
        self.over_budget = family.counter(
            "over_budget_total", "Queries refused because of a budget.", "reason"
        )
        self.budget_write_failures = family.counter(
            "budget_write_failures_total",
            "Times that what a key has spent could not be written to the bucket.",
        )
        self.key_read_failures = family.counter(
            "key_read_failures_total",
            "Times that API keys in the bucket could not be read: all of them, or one entry.",
            "reason",
        )
        self.keys_age = family.gauge(
            "keys_age_seconds", "Time since the API keys in the bucket were read."
        )
        self.audited = family.counter(
            "audited_queries_total", "Lines of the audit log.", "outcome"
        )
        self.estimates = family.counter(
            "estimates_total", "Statements whose bytes were estimated.", "kind"
        )
        self.estimate_seconds = family.histogram(
            "estimate_seconds", "Time to estimate a statement's bytes.", buckets=_BUCKETS
        )
        for reason in ("spent", "does_not_fit", "never_fits"):
            self.over_budget.labels(reason)
        for reason in ("store", "entry"):
            self.key_read_failures.labels(reason)
        for kind in ("exact", "upper_bound", "failed"):
            self.estimates.labels(kind)
