"""The first page to look at: how far each stage has come, and who is well."""

from deploy.compose.grafana.panels import Board, Row, graph, number

_JOBS = 'job=~"ingestor|s3-sink|etl-runner|query-api|auditor"'


def _stage(stage: str) -> str:
    return f'coinlake:stage_timestamp_seconds{{stage="{stage}"}}'


def _complete(stage: str) -> str:
    return f'coinlake:stage_complete_timestamp_seconds{{stage="{stage}"}}'


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
                    f"sum by (job) (up{{{_JOBS}}})",
                    (0, "red"),
                    (1, "green"),
                    legend="{{job}}",
                ),
                number(
                    "Firing alerts",
                    "short",
                    "See Alertmanager; each has a runbook.",
                    'count(ALERTS{alertstate="firing"}) or vector(0)',
                    (1, "red"),
                ),
                number(
                    "Fresh over 28 days",
                    "percentunit",
                    "Share of the time in which the tables were fresh; the objective is 99 %.",
                    "coinlake:tables_are_fresh:ratio_28d",
                    (0, "red"),
                    (0.99, "green"),
                    legend="{{feed}}",
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
            "Newest answer in each stage",
            tuple(
                number(
                    title,
                    "dateTimeAsIso",
                    f"Receive time of the newest usable answer {where}.",
                    f"{_stage(stage)} * 1000",
                    legend="{{feed}}",
                )
                for stage, title, where in (
                    ("kafka", "Kafka", "that the ingestor published"),
                    ("raw", "Raw zone", "that the sink stored in S3"),
                    ("tables", "Tables", "that can be queried"),
                )
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
                )
                for stage, title in (("kafka", "Kafka"), ("raw", "raw"), ("tables", "tables"))
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
                )
                for stage, title in (("kafka", "Kafka"), ("raw", "raw"), ("tables", "tables"))
            ),
        ),
        Row(
            "Flow",
            (
                graph(
                    "Answers",
                    "cpm",
                    "Answers with a body, per minute.",
                    ("sum by (feed) (rate(ingestor_answers_total[5m])) * 60", "{{feed}}"),
                ),
                graph(
                    "Stored",
                    "Bps",
                    "Bytes of values stored by the sink, before compression.",
                    ("sum by (topic) (rate(s3_sink_raw_bytes_total[5m]))", "{{topic}}"),
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
                        'sum by (status) (rate(query_api_requests_total{route=~"/v1/.*"}[5m]))',
                        "{{status}}",
                    ),
                ),
            ),
        ),
    ),
)
