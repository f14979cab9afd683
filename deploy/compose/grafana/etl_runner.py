"""The runner's board: which hours are published, what hinders it, what it costs."""

from deploy.compose.grafana.panels import Board, Row, graph, number, of_each_feed


def _failing(hard: str) -> str:
    def judged(what: str) -> str:
        series = f'etl_runner_quality_{what}_total{{hard="{hard}"}}'
        return f"sum by (feed, table, rule) (increase({series}[6h]))"

    return f"{judged('failed')} / {judged('evaluated')}"


BOARD = Board(
    "coinlake-etl-runner",
    "coinlake: etl-runner",
    "Raw objects to tables: hours, runs, quality and cost.",
    (
        Row(
            "Health",
            (
                number(
                    "Dirty hours",
                    "short",
                    "Hours with raw objects that are not in the tables yet.",
                    "max(etl_runner_dirty_hours)",
                ),
                number(
                    "Oldest dirty hour",
                    "s",
                    "How long it has been dirty.",
                    "max(etl_runner_oldest_dirty_seconds)",
                    (3600, "orange"),
                    (7200, "red"),
                ),
                number(
                    "Parked hours",
                    "short",
                    "Failed too often; no longer retried.",
                    "max(etl_runner_parked_hours)",
                    (1, "red"),
                ),
                number(
                    "Alarms",
                    "short",
                    "Broken invariants since the start.",
                    "sum(etl_runner_alarms_total)",
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
                    "Billed runs at list price.",
                    "sum(increase(etl_runner_usd_total[1d]))",
                    (5, "orange"),
                    (10, "red"),
                ),
                number(
                    "Cost per month, at this pace",
                    "currencyUSD",
                    "Thirty times the last day.",
                    "30 * sum(increase(etl_runner_usd_total[1d]))",
                ),
                number(
                    "Useful share of billed time",
                    "percentunit",
                    "Glue bills at least one minute; larger batches waste less.",
                    "sum(increase(etl_runner_useful_seconds_total[1d]))"
                    " / sum(increase(etl_runner_billed_seconds_total[1d]))",
                ),
                number(
                    "Cost per million rows",
                    "currencyUSD",
                    "Cost of the last day divided by its rows.",
                    "1e6 * sum(increase(etl_runner_usd_total[1d]))"
                    " / sum(increase(etl_runner_rows_published_total[1d]))",
                ),
            ),
        ),
        Row(
            "Runs",
            (
                graph(
                    "Runs",
                    "short",
                    "By outcome, in the last hour.",
                    ("sum by (outcome) (increase(etl_runner_runs_total[1h]))", "{{outcome}}"),
                    ("sum(increase(etl_runner_hour_failures_total[1h]))", "hours failed"),
                    stacked=True,
                ),
                graph(
                    "Seconds",
                    "s",
                    "Billed and useful seconds in the last hour.",
                    ("sum(increase(etl_runner_billed_seconds_total[1h]))", "billed"),
                    ("sum(increase(etl_runner_useful_seconds_total[1h]))", "useful"),
                ),
                graph(
                    "Crawls",
                    "short",
                    "By outcome, in the last day.",
                    ("sum by (outcome) (increase(etl_runner_crawls_total[1d]))", "{{outcome}}"),
                ),
                graph(
                    "Brokers silent",
                    "s",
                    "How long no broker has answered.",
                    ("max(etl_runner_kafka_silent_seconds)", "seconds"),
                    limits=((120, "red"),),
                ),
                graph(
                    "Reconciliation time",
                    "s",
                    "Duration of the last pass over raw, ledger and tables.",
                    ("max(etl_runner_reconcile_seconds)", "pass"),
                ),
            ),
        ),
        Row(
            "Tables",
            (
                graph(
                    "Watermark of raw",
                    "s",
                    "Age of the time up to which raw is complete.",
                    (
                        "time() - max by (feed) (etl_runner_watermark_timestamp_seconds)",
                        "{{feed}}",
                    ),
                    ('coinlake:stage_limit_seconds{stage="raw"}', "{{feed}} limit"),
                    is_log=True,
                ),
                graph(
                    "Last publication",
                    "s",
                    "Time since an hour of the feed was committed.",
                    (
                        "time() - max by (feed) (etl_runner_published_timestamp_seconds)",
                        "{{feed}}",
                    ),
                    ('coinlake:stage_limit_seconds{stage="tables"}', "{{feed}} limit"),
                    is_log=True,
                ),
                graph(
                    "Hours published",
                    "short",
                    "Versions committed in the last hour.",
                    (
                        "sum by (feed) (increase(etl_runner_hours_published_total[1h]))",
                        "{{feed}}",
                    ),
                ),
                graph(
                    "Rows",
                    "short",
                    "Rows of committed versions in the last hour.",
                    (
                        "sum by (table) (increase(etl_runner_rows_published_total[1h]))",
                        "{{table}}",
                    ),
                ),
            ),
        ),
        Row(
            "Quality",
            (
                graph(
                    "Quarantined",
                    "percentunit",
                    "Share of the rows quarantined in the last 6 hours.",
                    ("coinlake:quarantined_rows_ratio", "{{feed}}"),
                ),
                graph(
                    "Hard rules",
                    "percentunit",
                    "Share of what a rule judged in the last 6 hours that failed it and is quarantined.",
                    (_failing("true"), "{{table}} {{rule}}"),
                    limits=((0.01, "red"),),
                ),
                graph(
                    "Soft rules",
                    "percentunit",
                    "Share of the rows judged in the last 6 hours that failed a rule and are kept.",
                    (_failing("false"), "{{table}} {{rule}}"),
                ),
                graph(
                    "Duplicates",
                    "short",
                    "Answers received twice in the last hour.",
                    ("sum by (feed) (increase(etl_runner_duplicates_total[1h]))", "{{feed}}"),
                ),
                graph(
                    "Drift",
                    "short",
                    "Unknown keys, unfit values and failed soft rules in the last hour.",
                    (
                        "sum by (feed) (increase(etl_runner_unknown_fields_total[1h]))",
                        "{{feed}} unknown",
                    ),
                    (
                        "sum by (feed) (increase(etl_runner_unfit_values_total[1h]))",
                        "{{feed}} unfit",
                    ),
                    (
                        "sum by (feed) (increase(etl_runner_soft_rule_failures_total[1h]))",
                        "{{feed}} rules",
                    ),
                ),
                graph(
                    "Fields without a column",
                    "short",
                    "Different unknown keys in the newest hour; the view unknown_fields names them.",
                    (of_each_feed("etl_runner_unknown_field_names"), "{{feed}}"),
                ),
                graph(
                    "Conflicts and alarms",
                    "short",
                    "Publish conflicts and broken invariants since the start.",
                    ("sum by (decision) (etl_runner_publish_conflicts_total)", "{{decision}}"),
                    ("sum by (reason) (etl_runner_alarms_total)", "{{reason}}"),
                ),
            ),
        ),
    ),
)
