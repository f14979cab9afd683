"""The query service's board: what is asked, what hinders it, what it costs."""

from deploy.compose.grafana.panels import Board, Row, graph, number, quantile

BOARD = Board(
    "coinlake-query-api",
    "coinlake: query-api",
    "HTTP in front of Athena: requests, queries, freshness and cost.",
    (
        Row(
            "Health",
            (
                number(
                    "Errors",
                    "percentunit",
                    "Share of requests that ended with 5xx in the last 10 minutes.",
                    'sum(rate(query_api_requests_total{route=~"/v1/.*", status=~"5.."}[10m]))'
                    ' / sum(rate(query_api_requests_total{route=~"/v1/.*"}[10m]))',
                    (0.01, "orange"),
                    (0.05, "red"),
                ),
                number(
                    "Running",
                    "short",
                    "Queries running in Athena.",
                    "sum(query_api_queries_running)",
                ),
                number(
                    "Queued",
                    "short",
                    "Queries waiting for a slot.",
                    "sum(query_api_queries_queued)",
                    (1, "orange"),
                ),
                number(
                    "Queries not stopped",
                    "short",
                    "Abandoned queries that could not be stopped, since the start.",
                    "sum(query_api_stop_failures_total)",
                    (1, "red"),
                ),
                number(
                    "Ledger unreadable",
                    "short",
                    "Ledger entries that could not be read.",
                    "sum(query_api_ledger_unreadable_total)",
                    (1, "red"),
                ),
            ),
        ),
        Row(
            "Cost",
            (
                number(
                    "Cost in 24 h",
                    "currencyUSD",
                    "At list price, including the minimum charge per query.",
                    "sum(increase(query_api_cost_usd_total[1d]))",
                    (5, "orange"),
                    (10, "red"),
                ),
                number(
                    "Scanned in 24 h",
                    "bytes",
                    "Bytes read by Athena.",
                    "sum(increase(query_api_scanned_bytes_total[1d]))",
                ),
                number(
                    "Cost per query",
                    "currencyUSD",
                    "Mean of the last day.",
                    "sum(increase(query_api_cost_usd_total[1d]))"
                    " / sum(increase(query_api_queries_total[1d]))",
                ),
                number(
                    "Requests that shared a query",
                    "short",
                    "Requests of the last day that joined a running query.",
                    "sum(increase(query_api_queries_shared_total[1d]))",
                    decimals=0,
                ),
                number(
                    "Requests without a query",
                    "short",
                    "Requests of the last day that were answered from memory, or with 304.",
                    "sum(increase(query_api_answers_kept_total[1d]))",
                    decimals=0,
                ),
            ),
        ),
        Row(
            "Keys and budgets",
            (
                number(
                    "Age of the keys",
                    "s",
                    "Since the API keys in the bucket were read.",
                    "max(query_api_keys_age_seconds)",
                    (60, "orange"),
                    (300, "red"),
                ),
                number(
                    "Keys unreadable",
                    "short",
                    "Looks at the keys, or entries of them, that failed in the last hour.",
                    "sum(increase(query_api_key_read_failures_total[1h]))",
                    (1, "orange"),
                    decimals=0,
                ),
                number(
                    "Spending unwritten",
                    "short",
                    "Times in the last hour that what keys have spent could not be written.",
                    "sum(increase(query_api_budget_write_failures_total[1h]))",
                    (1, "orange"),
                    decimals=0,
                ),
                graph(
                    "Over budget",
                    "short",
                    "Queries refused because of a budget in the last hour.",
                    (
                        "sum by (reason) (increase(query_api_over_budget_total[1h]))",
                        "{{reason}}",
                    ),
                ),
                graph(
                    "Charged",
                    "Bps",
                    "Bytes taken off the budgets of keys.",
                    ("sum(rate(query_api_charged_bytes_total[$__rate_interval]))", "charged"),
                ),
                graph(
                    "Audit lines",
                    "cpm",
                    "By how the query ended.",
                    (
                        "sum by (outcome) (rate(query_api_audited_queries_total[$__rate_interval])) * 60",
                        "{{outcome}}",
                    ),
                    stacked=True,
                ),
                graph(
                    "Estimates",
                    "cpm",
                    "Statements whose bytes were estimated.",
                    (
                        "sum by (kind) (rate(query_api_estimates_total[$__rate_interval])) * 60",
                        "{{kind}}",
                    ),
                    stacked=True,
                ),
                graph(
                    "Estimate time",
                    "s",
                    "From a checked statement to its bytes.",
                    (quantile("0.5", "query_api_estimate_seconds"), "median"),
                    (quantile("0.99", "query_api_estimate_seconds"), "99 %"),
                ),
            ),
        ),
        Row(
            "Requests",
            (
                graph(
                    "By status",
                    "reqps",
                    "499: the client disconnected.",
                    (
                        'sum by (status) (rate(query_api_requests_total{route=~"/v1/.*"}[$__rate_interval]))',
                        "{{status}}",
                    ),
                ),
                graph(
                    "By route",
                    "reqps",
                    "By the route's pattern, without its values.",
                    (
                        "sum by (route) (rate(query_api_requests_total[$__rate_interval])) > 0",
                        "{{route}}",
                    ),
                    stacked=True,
                ),
                graph(
                    "Response time",
                    "s",
                    "All requests, health checks included.",
                    (quantile("0.5", "query_api_request_seconds"), "median"),
                    (quantile("0.99", "query_api_request_seconds"), "99 %"),
                ),
                graph(
                    "Connections closed",
                    "short",
                    "Closed because of a limit, in the last hour.",
                    (
                        "sum by (reason) (increase(query_api_connections_closed_total[1h]))",
                        "{{reason}}",
                    ),
                ),
                graph(
                    "Answers cut",
                    "short",
                    "Streams that were reset before their end, in the last hour: the result could not be read on, or the client read too slowly.",
                    (
                        "sum by (reason) (increase(query_api_answers_cut_total[1h]))",
                        "{{reason}}",
                    ),
                ),
            ),
        ),
        Row(
            "Queries",
            (
                graph(
                    "Throttled by Athena",
                    "short",
                    "In the last hour. concurrency: no slot was free; rate: too many calls a second.",
                    (
                        "sum by (kind) (increase(query_api_athena_throttled_total[1h]))",
                        "{{kind}}",
                    ),
                ),
                graph(
                    "By outcome",
                    "cpm",
                    "Finished Athena queries per minute.",
                    (
                        "sum by (outcome) (rate(query_api_queries_total[$__rate_interval])) * 60",
                        "{{outcome}}",
                    ),
                    stacked=True,
                ),
                graph(
                    "Query time",
                    "s",
                    "From submission to rows.",
                    (quantile("0.5", "query_api_query_seconds"), "median"),
                    (quantile("0.99", "query_api_query_seconds"), "99 %"),
                ),
                graph(
                    "Refused SQL",
                    "short",
                    "Refused by the guard in the last hour.",
                    (
                        "sum by (reason) (increase(query_api_sql_refused_total[1h]))",
                        "{{reason}}",
                    ),
                ),
                graph(
                    "Freshness",
                    "s",
                    "Age of the newest data that can be queried.",
                    (
                        "time() - max by (feed) (query_api_newest_received_timestamp_seconds)",
                        "{{feed}}",
                    ),
                    ("coinlake:freshness_limit_seconds", "{{feed}} limit"),
                    is_log=True,
                ),
            ),
        ),
    ),
)
