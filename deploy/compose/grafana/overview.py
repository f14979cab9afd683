"""The first page to look at: how far each stage has come, and who is well."""

from deploy.compose.grafana.panels import Board, Row, graph, number, of_each, of_each_feed

_JOBS = ("ingestor", "s3-sink", "etl-runner", "query-api", "auditor")
_STAGES = (
    ("kafka", "Kafka", "that the ingestor published"),
    ("raw", "raw", "that the sink stored in S3"),
    ("tables", "tables", "that can be queried"),
)


def _stage(stage: str) -> str:
    return f'coinlake:stage_timestamp_seconds{{stage="{stage}"}}'


def _complete(stage: str) -> str:
    return f'coinlake:stage_complete_timestamp_seconds{{stage="{stage}"}}'


def _limit(stage: str) -> tuple[str, str]:
    return f'coinlake:stage_limit_seconds{{stage="{stage}"}}', "{{feed}} limit"


BOARD = Board(
    "coinlake-overview",
    "coinlake: pipeline",
    "Freshness and watermark of each stage; each service has its own dashboard.",
    (
        Row(
            "Health",
            (
                number(
                    "Services up",
                    "short",
                    "Targets of each job that answer scrapes.",
                    of_each("job", _JOBS, f'sum by (job) (up{{job=~"{"|".join(_JOBS)}"}})'),
                    (1, "green"),
                    base="red",
                    legend="{{job}}",
                ),
                number(
                    "Firing alerts",
                    "short",
                    "See Alertmanager; each has a runbook. 0 only while rules are evaluated.",
                    'count(ALERTS{alertstate="firing", severity!="none"}) or 0 * count('
                    "time() - prometheus_rule_group_last_evaluation_timestamp_seconds < 300)",
                    (1, "red"),
                ),
                number(
                    "Spent in 24 h",
                    "currencyUSD",
                    "Glue runs and Athena queries at list price.",
                    "sum(increase(etl_runner_usd_total[1d]))"
                    " + sum(increase(query_api_cost_usd_total[1d]))",
                    (5, "orange"),
                    (10, "red"),
                ),
            ),
        ),
        Row(
            "Objectives: what is left of four weeks' error budget",
            (
                number(
                    "Fresh tables (99 %)",
                    "percentunit",
                    "Error budget left of each feed; the page Watch it has the objective.",
                    of_each_feed("coinlake:freshness_budget:ratio_28d"),
                    (0, "orange"),
                    (0.25, "green"),
                    base="red",
                    legend="{{feed}}",
                ),
                number(
                    "Answers of the query service (99 %)",
                    "percentunit",
                    "Error budget left; no data where nobody asked for four weeks.",
                    "coinlake:answers_budget:ratio_28d",
                    (0, "orange"),
                    (0.25, "green"),
                    base="red",
                ),
            ),
        ),
        Row(
            "How old the newest answer in each stage is: 100 % is its limit",
            tuple(
                number(
                    f"Age in {title}, of its limit",
                    "percentunit",
                    f"Age of the newest usable answer {where}, as a share of its limit.",
                    of_each_feed(f'coinlake:stage_age_ratio{{stage="{stage}"}}'),
                    (0.75, "orange"),
                    (1, "red"),
                    legend="{{feed}}",
                )
                for stage, title, where in _STAGES
            ),
        ),
        Row(
            "Freshness: age of the newest answer in each stage",
            tuple(
                graph(
                    f"Age in {title}",
                    "s",
                    "Grows while nothing new arrives, for whatever reason.",
                    (f"time() - {_stage(stage)}", "{{feed}}"),
                    _limit(stage),
                    is_log=True,
                )
                for stage, title, _ in _STAGES
            ),
        ),
        Row(
            "Watermarks: everything older has arrived",
            tuple(
                graph(
                    f"Watermark age in {title}",
                    "s",
                    "Age of the watermark.",
                    (f"time() - {_complete(stage)}", "{{feed}}"),
                    _limit(stage),
                    is_log=True,
                )
                for stage, title, _ in _STAGES
            ),
        ),
        Row(
            "Flow",
            (
                graph(
                    "Answers",
                    "cpm",
                    "Answers with a body, per minute.",
                    (
                        "sum by (feed) (rate(ingestor_answers_total[$__rate_interval])) * 60",
                        "{{feed}}",
                    ),
                ),
                graph(
                    "Stored",
                    "Bps",
                    "Bytes of values stored by the sink, before compression.",
                    (
                        "sum by (topic) (rate(s3_sink_raw_bytes_total[$__rate_interval]))",
                        "{{topic}}",
                    ),
                ),
                graph(
                    "Rows published",
                    "short",
                    "Rows of committed hours in the last hour.",
                    (
                        "sum by (table) (increase(etl_runner_rows_published_total[1h]))",
                        "{{table}}",
                    ),
                ),
                graph(
                    "Requests",
                    "reqps",
                    "Requests to the query service.",
                    (
                        'sum by (status) (rate(query_api_requests_total{route=~"/v1/.*"}'
                        "[$__rate_interval]))",
                        "{{status}}",
                    ),
                ),
            ),
        ),
    ),
)
